//! Whether a refresh token would be taken now. Asking changes nothing: a token that was stolen is found when it is used.

use super::{ActiveRefreshToken, INACTIVE, Introspection};
use crate::server::{
    clock::Timestamp,
    error::Error,
    grants::rules::{RefreshRules, holds},
    oauth::{error::OAuthError, refresh_tokens::grant_of},
    state::AppState,
    store::{clients::Client, grants::GrantRecord, standings},
    tokens::refresh::{client_token::ClientRefreshToken, grant::present, rotation::Decision},
};

/// Answers the client whose token it is. Of others' tokens nothing is said.
pub async fn introspect(
    state: &AppState,
    now: Timestamp,
    asking: &Client,
    token: &ClientRefreshToken,
) -> Result<Introspection, OAuthError> {
    let Some(grant) = grant_of(state, asking, token).await? else { return Ok(INACTIVE) };
    let rules = RefreshRules::of(asking).config(&state.config.sessions);
    let decision = present(&mut grant.clone(), token.generation, now, &rules);
    let is_taken = matches!(decision, Decision::Keep | Decision::Rotate | Decision::Reissue(_));
    if !is_taken || !stands(state, now, asking, &grant).await? {
        return Ok(INACTIVE);
    }
    Ok(Introspection::Refresh(Box::new(ActiveRefreshToken {
        active: true,
        iss: state.config.tokens.issuer.clone(),
        exp: grant.idle_expires_at.min(grant.absolute_expires_at).seconds(),
        sub: grant.user,
        client_id: grant.client,
        scope: grant.scopes,
    })))
}

/// Whether what the grant hangs on has not ended, and it would be given again.
async fn stands(
    state: &AppState,
    now: Timestamp,
    client: &Client,
    grant: &GrantRecord,
) -> Result<bool, Error> {
    let mut reader = state.store.read().await?;
    let standing = standings::by_id(&mut reader, &grant.id).await?;
    Ok(standing.is_some_and(|standing| holds(&standing, client, now)))
}
