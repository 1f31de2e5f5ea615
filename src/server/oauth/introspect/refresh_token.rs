//! Whether a refresh token would be taken now. Asking changes nothing: a token that was stolen is found when it is used.

use super::{ActiveRefreshToken, INACTIVE, Introspection};
use crate::server::{
    clock::Timestamp,
    error::Error,
    oauth::{
        error::OAuthError,
        grants::{RefreshRules, check, of_refresh_token},
    },
    state::AppState,
    store::{Reader, client_sessions, clients::Client, grants::GrantRecord, sessions, users},
    tokens::refresh::{client_token::ClientRefreshToken, grant::present, rotation::Decision},
};

/// Answers the client whose token it is. Of others' tokens nothing is said.
pub async fn introspect(
    state: &AppState,
    now: Timestamp,
    asking: &Client,
    token: &ClientRefreshToken,
) -> Result<Introspection, OAuthError> {
    let Some(grant) = of_refresh_token(state, asking, token).await? else { return Ok(INACTIVE) };
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
    if grant.revoked.is_some() || !is_signed_in(&mut reader, now, grant).await? {
        return Ok(false);
    }
    let Some(user) = users::by_id(&mut reader, &grant.user).await? else { return Ok(false) };
    match check(&mut reader, client, &user, &grant.scopes, &grant.resources).await {
        Err(Error::Forbidden) => Ok(false),
        checked => checked.map(|()| true),
    }
}

/// Whether the session that the grant hangs on is live. An offline grant hangs on none.
async fn is_signed_in(reader: &mut Reader, now: Timestamp, grant: &GrantRecord) -> Result<bool, Error> {
    let Some(of_client) = client_sessions::by_id(reader, &grant.client_session).await? else {
        return Ok(false);
    };
    let Some(session) = of_client.session else { return Ok(!of_client.revoked) };
    let session = sessions::by_id(reader, &session).await?;
    Ok(!of_client.revoked && session.is_some_and(|session| session.is_live(now)))
}
