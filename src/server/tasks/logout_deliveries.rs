//! Apps are told that a session has ended: at once after the commit that ended it, and again later if they did not answer.

mod lanes;

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use self::lanes::Lanes;
use crate::server::{oauth::backchannel, state::AppState, store::within_patience, survive::survive};

/// How often it is looked: for what commands and other servers have written, and for what is tried again.
const INTERVAL: Duration = Duration::from_secs(1);

/// Delivers for as long as the program runs.
pub async fn run(state: Arc<AppState>) {
    // Those under way end with the program.
    let (lanes, mut under_way) = (Arc::new(Lanes::default()), JoinSet::new());
    loop {
        start(&state, &lanes, &mut under_way).await;
        tokio::select! {
            () = state.logout_deliveries.notified() => {}
            () = lanes.freed() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
        while under_way.try_join_next().is_some() {}
    }
}

/// Starts as many deliveries as there are places for.
async fn start(state: &Arc<AppState>, lanes: &Arc<Lanes>, under_way: &mut JoinSet<()>) {
    let claimed = backchannel::claim(state, |due| lanes.plan(due));
    match survive(within_patience(claimed)).await {
        Some(Ok(claimed)) => {
            for delivery in claimed {
                let state = state.clone();
                let place = lanes.begin(&delivery.client);
                under_way.spawn(async move {
                    let given_up = place.no_room_left();
                    let delivered = survive(backchannel::deliver(&state, &delivery, given_up)).await;
                    if let Some(Err(error)) = delivered {
                        tracing::warn!(%error, "what became of a delivery could not be noted; it is delivered again");
                    }
                });
            }
        }
        Some(Err(error)) => {
            tracing::warn!(%error, "what apps must be told could not be read; it is tried again in a second");
        }
        None => {}
    }
}
