//! What a token is good for at this moment (RFC 7662). The one way for a service to see at once that a session has ended.

mod refresh_token;

use serde::Serialize;

use super::error::OAuthError;
use crate::{
    model::{
        id::UserId,
        level::Level,
        oauth::{client_id::ClientId, client_kind::ClientKind, resource::Resource, scope::Scopes},
    },
    server::{
        clock::Timestamp,
        state::AppState,
        store::{clients::Client, users::User},
        tokens::{
            client_access::{Audience, ClientTokenId, VerifiedClientToken},
            refresh::client_token::ClientRefreshToken,
        },
    },
};

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Introspection {
    Active(Box<ActiveToken>),
    Refresh(Box<ActiveRefreshToken>),
    /// Of whatever else nothing is said, not even why (§2.2).
    Inactive {
        active: bool,
    },
}

#[derive(Debug, Serialize)]
pub struct ActiveToken {
    active: bool,
    iss: String,
    sub: String,
    aud: Audience,
    client_id: ClientId,
    scope: Scopes,
    token_type: &'static str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    /// How well the person has proved who they are, and when (RFC 9470 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<Level>,
    jti: ClientTokenId,
}

/// It is shown to nobody but the authorization server, so it has no audience and no type (§2.2).
#[derive(Debug, Serialize)]
pub struct ActiveRefreshToken {
    active: bool,
    iss: String,
    sub: UserId,
    client_id: ClientId,
    scope: Scopes,
    exp: i64,
}

const INACTIVE: Introspection = Introspection::Inactive { active: false };

/// Answers a client that has proved who it is.
pub async fn introspect(
    state: &AppState,
    now: Timestamp,
    asking: &Client,
    token: &str,
) -> Result<Introspection, OAuthError> {
    if let Some(token) = ClientRefreshToken::parse(token) {
        return refresh_token::introspect(state, now, asking, &token).await;
    }
    let Ok(verified) = state.tokens.verify_client(token, now) else { return Ok(INACTIVE) };
    if !may_ask(asking, &verified) || !is_still_wanted(state, asking, &verified).await? {
        return Ok(INACTIVE);
    }
    let sub = verified.user.as_ref().map_or_else(|| verified.client.to_string(), ToString::to_string);
    Ok(Introspection::Active(Box::new(ActiveToken {
        active: true,
        iss: state.config.tokens.issuer.clone(),
        sub,
        aud: verified.audience.clone(),
        client_id: verified.client.clone(),
        scope: verified.scopes.clone(),
        token_type: "Bearer",
        iat: verified.issued_at.seconds(),
        exp: verified.expires_at.seconds(),
        auth_time: verified.authenticated_at.map(Timestamp::seconds),
        acr: verified.acr,
        jti: verified.id.clone(),
    })))
}

/// A client may ask about its own tokens, and a service about those that are for it.
fn may_ask(asking: &Client, token: &VerifiedClientToken) -> bool {
    let is_for_it = |resource: &Resource| token.audience.has(resource.as_str());
    token.client == asking.id
        || (asking.kind == ClientKind::Service && asking.resources.iter().any(is_for_it))
}

/// Whether the client that has the token, and the person that it speaks for, are still there.
async fn is_still_wanted(
    state: &AppState,
    asking: &Client,
    token: &VerifiedClientToken,
) -> Result<bool, OAuthError> {
    if token.client != asking.id {
        let found = state.loader.client(&token.client).await?;
        if !found.is_some_and(|found| found.client.is_enabled()) {
            return Ok(false);
        }
    }
    match &token.user {
        Some(user) => Ok(state.loader.user(user).await?.as_ref().is_some_and(User::is_enabled)),
        None => Ok(true),
    }
}
