//! Telling clients that a session of theirs has ended (OpenID Connect Back-Channel Logout). What stands in the table was
//! written by the transaction that ended the session, so it is delivered even if the program stops in between; then
//! perhaps twice.

use std::time::Duration;

use axum::http::StatusCode;

use super::signing;
use crate::{
    model::oauth::client_id::ClientId,
    server::{
        error::Error,
        fetch::FetchError,
        state::AppState,
        store::logout_deliveries::{self, Delivery, Outcome},
        tokens::logout_token::LogoutToken,
    },
};

/// How long a server has for a delivery before another one takes it: longer than a call may take, with a key to be made.
const CLAIM: Duration = Duration::from_secs(60);
/// How long is waited after each attempt that failed. After the last it is given up.
const RETRIES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];

/// Takes deliveries that are due for this server alone: of the clients that `plan` chooses, as many as it says.
pub async fn claim(
    state: &AppState,
    plan: impl FnOnce(Vec<ClientId>) -> Vec<(ClientId, usize)>,
) -> Result<Vec<Delivery>, Error> {
    let now = state.now();
    let mut reader = state.store.read().await?;
    let planned = plan(logout_deliveries::clients_due(&mut reader, now).await?);
    drop(reader);
    if planned.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = Vec::new();
    let mut tx = state.store.begin().await?;
    for (client, places) in &planned {
        let places = i64::try_from(*places).unwrap_or(i64::MAX);
        claimed.extend(logout_deliveries::claim(&mut tx, client, now, CLAIM, places).await?);
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Why a client was not told.
#[derive(Debug, thiserror::Error)]
enum NotTold {
    #[error("{0}")]
    Call(#[from] FetchError),
    #[error("it was slow, and too many others are")]
    NoRoom,
    #[error("it answered {}", .0.as_u16())]
    Status(StatusCode),
    #[error("{0}")]
    Own(#[from] Error),
}

/// Tells one client, and notes what became of it. The client has until `given_up` is ready, or as long as a call may take.
pub async fn deliver(
    state: &AppState,
    delivery: &Delivery,
    given_up: impl Future<Output = ()>,
) -> Result<(), Error> {
    let outcome = match tell(state, delivery, given_up).await {
        Ok(()) => Outcome::Done(state.now()),
        Err(error) => after_failure(state, delivery, &error),
    };
    let mut tx = state.store.begin().await?;
    logout_deliveries::settle(&mut tx, delivery, outcome).await?;
    Ok(tx.commit().await?)
}

async fn tell(
    state: &AppState,
    delivery: &Delivery,
    given_up: impl Future<Output = ()>,
) -> Result<(), NotTold> {
    let Delivery { client, user, sid, algorithm, uri, .. } = delivery;
    let token =
        signing::logout_token(state, state.now(), *algorithm, LogoutToken { client, user, sid }).await?;
    let fetcher = state.key_sets.fetcher().await?;
    let fields = [("logout_token", token.as_str())];
    let answered = tokio::select! {
        answered = fetcher.post_form(uri, &fields) => answered?,
        () = given_up => return Err(NotTold::NoRoom),
    };
    match answered {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        status => Err(NotTold::Status(status)),
    }
}

fn after_failure(state: &AppState, delivery: &Delivery, error: &NotTold) -> Outcome {
    let now = state.now();
    let client = &delivery.client;
    match usize::try_from(delivery.attempts).ok().and_then(|attempts| RETRIES.get(attempts)) {
        Some(wait) => {
            tracing::info!(%client, %error, again_in = ?wait, "an app could not be told that a session has ended");
            Outcome::Retry(now + *wait)
        }
        None => {
            tracing::warn!(%client, %error, "an app was never told that a session has ended; it is given up");
            Outcome::GivenUp(now)
        }
    }
}
