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
        fetch::{FetchError, Fetcher},
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

/// Takes up to `limit` deliveries that are due, and of each client as many as `room` says, for this server alone.
pub async fn claim(
    state: &AppState,
    limit: usize,
    room: impl Fn(&ClientId) -> usize,
) -> Result<Vec<Delivery>, Error> {
    let now = state.now();
    let mut reader = state.store.read().await?;
    let mut clients = logout_deliveries::clients_due(&mut reader, now).await?;
    drop(reader);
    clients.retain(|client| room(client) > 0);
    if clients.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = Vec::new();
    let mut tx = state.store.begin().await?;
    for client in &clients {
        let places = room(client).min(limit - claimed.len());
        let places = i64::try_from(places).unwrap_or(i64::MAX);
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
    #[error("it answered {}", .0.as_u16())]
    Status(StatusCode),
    #[error("{0}")]
    Own(#[from] Error),
}

/// Tells one client, and notes what became of it.
pub async fn deliver(state: &AppState, fetcher: &Fetcher, delivery: &Delivery) -> Result<(), Error> {
    let outcome = match tell(state, fetcher, delivery).await {
        Ok(()) => Outcome::Done(state.now()),
        Err(error) => after_failure(state, delivery, &error),
    };
    let mut tx = state.store.begin().await?;
    logout_deliveries::settle(&mut tx, delivery, outcome).await?;
    Ok(tx.commit().await?)
}

async fn tell(state: &AppState, fetcher: &Fetcher, delivery: &Delivery) -> Result<(), NotTold> {
    let Delivery { client, user, sid, algorithm, uri, .. } = delivery;
    let token =
        signing::logout_token(state, state.now(), *algorithm, LogoutToken { client, user, sid }).await?;
    match fetcher.post_form(uri, &[("logout_token", &token)]).await? {
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
