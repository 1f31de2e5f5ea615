//! Apps are told that a session has ended: at once after the commit that ended it, and again later if they did not answer.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::server::{
    fetch::Fetcher, oauth::backchannel, state::AppState, store::within_patience, survive::survive,
};

/// How often it is looked: for what commands and other servers have written, and for what is tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many are told at once.
const PLACES: usize = 32;

/// Delivers for as long as the program runs.
pub async fn run(state: Arc<AppState>, fetcher: Fetcher) {
    let mut under_way = JoinSet::new();
    loop {
        if under_way.len() < PLACES {
            start(&state, &fetcher, &mut under_way).await;
        }
        tokio::select! {
            () = state.logout_deliveries.notified() => {}
            () = tokio::time::sleep(INTERVAL) => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

/// Starts as many deliveries as there are places for.
async fn start(state: &Arc<AppState>, fetcher: &Fetcher, under_way: &mut JoinSet<()>) {
    let places = PLACES - under_way.len();
    match survive(within_patience(backchannel::claim(state, places))).await {
        Some(Ok(claimed)) => {
            for delivery in claimed {
                let (state, fetcher) = (state.clone(), fetcher.clone());
                under_way.spawn(async move {
                    let delivered = survive(backchannel::deliver(&state, &fetcher, &delivery)).await;
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
