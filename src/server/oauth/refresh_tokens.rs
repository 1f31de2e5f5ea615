//! Which grant a client's refresh token is of.

use crate::server::{
    error::Error,
    state::AppState,
    store::{
        clients::Client,
        grants::{self, GrantRecord},
    },
    tokens::refresh::client_token::ClientRefreshToken,
};

/// The grant whose refresh token this is, of any generation, if it is the client's. It is read before anything is locked:
/// whoever sends many that are none must not keep others from writing.
pub async fn grant_of(
    state: &AppState,
    client: &Client,
    token: &ClientRefreshToken,
) -> Result<Option<GrantRecord>, Error> {
    let mut reader = state.store.read().await?;
    let grant = grants::by_id(&mut reader, &token.grant).await?;
    let Some(grant) = grant.filter(|grant| grant.client == client.id) else { return Ok(None) };
    let authentic = state.refresh_keys.is_authentic_for_client(token, &grant.salt)?;
    Ok(authentic.then_some(grant))
}
