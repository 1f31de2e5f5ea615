//! Refreshing what a client was granted.

use serde_json::json;

use super::{
    redeem::{check_again, owner},
    respond::{Granted, TokenAnswer, access_token_expiry},
};
use crate::{
    model::oauth::{resource::Resources, revocation::RevocationReason, scope::Scopes},
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        oauth::{
            authorize::request::resources,
            error::{OAuthCode, OAuthError},
            grants::RefreshRules,
            parameters::Parameters,
        },
        sessions::client_sessions::end_grant,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            client_sessions,
            clients::Client,
            grants::{self, GrantRecord},
        },
        tokens::refresh::{
            client_token::ClientRefreshToken,
            grant::present,
            rotation::{Decision, Reissue},
        },
    },
};

fn ended() -> OAuthError {
    OAuthError::invalid_grant("The refresh token is not good: unknown, ended, expired or another client's.")
}

/// Exchanges a refresh token for an access token and the refresh token to hold from now on.
pub async fn refresh(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let token = ClientRefreshToken::parse(parameters.require("refresh_token")?).ok_or_else(ended)?;
    let known = find(state, client, &token).await?;
    let (scopes, resources) = narrowed(parameters, &known)?;
    let mut change = Change::begin(state, context).await?;
    // In the order in which those lock them who end a session.
    let session = client_sessions::lock_by_id(change.tx(), &known.client_session).await?;
    let grant = grants::lock_by_id(change.tx(), &known.id).await?;
    let (session, mut grant) = session.zip(grant).ok_or_else(ended)?;
    let user = owner(&mut change, &session, &grant).await?.ok_or_else(ended)?;
    check_again(&mut change, client, &user, &grant).await?;
    let (from, rules) = (grant.generation, RefreshRules::of(client).config(&state.config.sessions));
    match present(&mut grant, token.generation, context.now, &rules) {
        Decision::Keep | Decision::Rotate | Decision::Reissue(Reissue::Concurrent) => {}
        Decision::Reissue(Reissue::ResponseLost) => {
            tracing::info!(grant = %grant.id, "a refresh response was lost; its token is handed out again");
        }
        Decision::Reuse => return Err(revoke_for_reuse(change, &grant, token.generation).await?),
        Decision::Ended(_) | Decision::Unknown => return Err(ended()),
    }
    let expires_at = access_token_expiry(state, client, context.now);
    grant.token_expires_at = grant.token_expires_at.max(expires_at);
    grants::advance(change.tx(), from, &grant).await?;
    client_sessions::set_token_expiry(change.tx(), &session.id, expires_at).await?;
    change.commit().await?;
    let granted = Granted {
        client,
        grant: &grant,
        user: &user,
        scopes: &scopes,
        resources: &resources,
        nonce: None,
        expires_at,
    };
    granted.respond(state, context.now).await
}

/// The grant of a token that the program has made, if it is this client's. Read before anything is locked: whoever sends
/// many that are none must not keep others from writing.
async fn find(
    state: &AppState,
    client: &Client,
    token: &ClientRefreshToken,
) -> Result<GrantRecord, OAuthError> {
    let mut reader = state.store.read().await?;
    let grant = grants::by_id(&mut reader, &token.grant).await?.ok_or_else(ended)?;
    let authentic = state.refresh_keys.is_authentic_for_client(token, &grant.salt).map_err(Error::from)?;
    if authentic && grant.client == client.id { Ok(grant) } else { Err(ended()) }
}

/// What this access token is to be for. The refresh token goes on with all that was granted (RFC 6749 §6).
fn narrowed(parameters: &Parameters, grant: &GrantRecord) -> Result<(Scopes, Resources), OAuthError> {
    let scopes = Scopes::parse(parameters.get("scope").unwrap_or_default())
        .ok()
        .filter(|scopes| scopes.is_subset(&grant.scopes));
    let wider = || OAuthError::new(OAuthCode::InvalidScope, "This is more than was granted.");
    let scopes = scopes.ok_or_else(wider)?;
    let asked = resources(parameters, &grant.resources)?;
    Ok((
        if scopes.is_empty() { grant.scopes.clone() } else { scopes },
        if asked.is_empty() { grant.resources.clone() } else { asked },
    ))
}

/// Ends a grant of which two parties hold a refresh token, and commits: although the answer is an error, it stands.
async fn revoke_for_reuse(
    mut change: Change<'_>,
    grant: &GrantRecord,
    presented: u64,
) -> Result<OAuthError, OAuthError> {
    let newest = grant.generation;
    let detail = json!({ "client": grant.client.as_str(), "presented": presented, "newest": newest });
    end_grant(&mut change, grant, RevocationReason::TokenReused).await?;
    change.record(Event::new(EventKind::ClientTokenReused).about(&grant.user).with(detail)).await?;
    change.commit().await?;
    tracing::warn!(client = %grant.client, user = %grant.user, "a client's refresh token was used twice; its grant is revoked");
    Ok(ended())
}
