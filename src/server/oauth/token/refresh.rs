//! Refreshing what a client was granted.

use std::sync::Arc;

use serde_json::json;

use super::{
    check_again, narrowing,
    respond::{TokenAnswer, access_token_expiry},
};
use crate::{
    model::oauth::revocation::RevocationReason,
    server::{
        change::Change,
        client_info::ActionContext,
        grants::{
            Granted,
            refresh::Presented,
            rules::{RefreshRules, is_live},
        },
        oauth::{error::OAuthError, parameters::Parameters, refresh_tokens::grant_of},
        sessions::client_sessions::end_grant,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            clients::Client,
            grants::{self, GrantRecord},
            standings::{self, Standing},
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

/// Exchanges a refresh token for an access token and the refresh token to hold from now on: together with others, and
/// alone if there is more to say or to do than that.
pub async fn refresh(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Arc<Client>,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let now = context.now;
    let token = ClientRefreshToken::parse(parameters.require("refresh_token")?).ok_or_else(ended)?;
    let presented = Presented { client: client.clone(), token, narrowing: narrowing(parameters)?, now };
    let granted = match state.grants.refreshed.ask(presented.clone()).await? {
        Some(granted) => granted,
        None => alone(state, context, &presented).await?,
    };
    granted.respond(state, client, now).await
}

async fn alone(
    state: &AppState,
    context: ActionContext<'_>,
    presented: &Presented,
) -> Result<Granted, OAuthError> {
    let Presented { client, token, narrowing, now } = presented;
    let known = grant_of(state, client, token).await?.ok_or_else(ended)?;
    let (scopes, resources) = narrowing.of(&known.scopes, &known.resources)?;
    let mut change = Change::begin(state, context).await?;
    let standing = standings::lock(change.tx(), &known.id).await?.filter(|standing| is_live(standing, *now));
    let standing = standing.ok_or_else(ended)?;
    check_again(&standing, client)?;
    let Standing { mut grant, user, groups, .. } = standing;
    let (from, rules) = (grant.generation, RefreshRules::of(client).config(&state.config.sessions));
    match present(&mut grant, token.generation, *now, &rules) {
        Decision::Keep | Decision::Rotate | Decision::Reissue(Reissue::Concurrent) => {}
        Decision::Reissue(Reissue::ResponseLost) => {
            tracing::info!(grant = %grant.id, "a refresh response was lost; its token is handed out again");
        }
        Decision::Reuse => return Err(revoke_for_reuse(change, &grant, token.generation).await?),
        Decision::Ended(_) | Decision::Unknown => return Err(ended()),
    }
    let expires_at = access_token_expiry(state, client, *now);
    grants::write_use(change.tx(), &[(from, &grant)]).await?;
    change.commit().await?;
    Ok(Granted { grant, user, groups, scopes, resources, nonce: None, expires_at })
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
