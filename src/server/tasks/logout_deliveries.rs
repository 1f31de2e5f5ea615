//! Apps are told that a session has ended: at once after the commit that ended it, and again later if they did not answer.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::{
    model::oauth::client_id::ClientId,
    server::{fetch::Fetcher, oauth::backchannel, state::AppState, store::within_patience, survive::survive},
};

/// How often it is looked: for what commands and other servers have written, and for what is tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many deliveries are under way at once.
const PLACES: usize = 32;
/// How many of them for one app: those that do not answer leave room for the others.
const PLACES_OF_ONE: usize = 4;

/// Delivers for as long as the program runs.
pub async fn run(state: Arc<AppState>, fetcher: Fetcher) {
    let mut under_way = UnderWay::default();
    loop {
        if under_way.tasks.len() < PLACES {
            start(&state, &fetcher, &mut under_way).await;
        }
        tokio::select! {
            () = state.logout_deliveries.notified() => {}
            () = tokio::time::sleep(INTERVAL) => {}
            () = under_way.one_has_ended() => {}
        }
    }
}

/// The deliveries under way.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<ClientId>,
    /// The app that each is for.
    clients: Vec<ClientId>,
}

impl UnderWay {
    /// How many more deliveries to an app may be under way.
    fn room(&self, client: &ClientId) -> usize {
        PLACES_OF_ONE.saturating_sub(self.clients.iter().filter(|other| *other == client).count())
    }

    fn begin(&mut self, client: ClientId, delivery: impl Future<Output = ()> + Send + 'static) {
        self.clients.push(client.clone());
        self.tasks.spawn(async move {
            delivery.await;
            client
        });
    }

    /// Waits for one to end; for ever where none is under way.
    async fn one_has_ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(client)) => {
                if let Some(place) = self.clients.iter().position(|other| *other == client) {
                    self.clients.swap_remove(place);
                }
            }
            // It survives its faults.
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }
}

/// Starts as many deliveries as there are places for.
async fn start(state: &Arc<AppState>, fetcher: &Fetcher, under_way: &mut UnderWay) {
    let places = PLACES - under_way.tasks.len();
    let claimed = backchannel::claim(state, places, |client| under_way.room(client));
    match survive(within_patience(claimed)).await {
        Some(Ok(claimed)) => {
            for delivery in claimed {
                let (state, fetcher) = (state.clone(), fetcher.clone());
                under_way.begin(delivery.client.clone(), async move {
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
