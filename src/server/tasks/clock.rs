//! Nodes that share a database go by its clock. Otherwise, if their own were 30 seconds apart, a second tab would look like
//! a thief, and if they were five, one node would refuse the tokens of another.

use std::{sync::Arc, time::Duration};

use crate::server::{
    clock::Comparison, error::Error, state::AppState, store::within_patience, survive::survive,
};

const INTERVAL: Duration = Duration::from_secs(15);
/// From here on the machine's clock is wrong, which others who rely on it should know.
const WORTH_A_WARNING: Duration = Duration::from_secs(2);
/// From here on this node is not ready (`/readyz`): what does not go by the database's clock, TLS or the services that
/// verify tokens beside it, will go wrong.
pub const TOO_FAR: Duration = Duration::from_secs(10);

/// Compares the clocks now and then, for as long as the program runs.
pub async fn run(state: Arc<AppState>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Some(Err(error)) = survive(within_patience(compare(&state))).await {
            tracing::warn!(%error, "the clock could not be compared with the database's");
        }
    }
}

/// Looks at the database's clock, and goes by it.
pub async fn compare(state: &AppState) -> Result<(), Error> {
    let before = state.clock.own();
    let Some(theirs) = state.store.clock().await? else { return Ok(()) };
    state.clock.follow(Comparison { before, theirs, after: state.clock.own() });
    let error = state.clock.error();
    if error > WORTH_A_WARNING {
        tracing::warn!(seconds = error.as_secs(), "this machine's clock is not the database's; set it right");
    }
    Ok(())
}
