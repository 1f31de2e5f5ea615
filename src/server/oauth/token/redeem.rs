//! Redeeming an authorization code: once.

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
            narrowing::Narrowing,
            redeem::{Presented, Unfit},
            rules::is_live,
        },
        oauth::{error::OAuthError, parameters::Parameters, signing},
        sessions::client_sessions::end_grant,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            clients::Client,
            grants::{self, GrantRecord},
            standings::{self, Standing},
        },
    },
};

fn no_code() -> OAuthError {
    OAuthError::invalid_grant("The code is not good: unknown, used, expired or another client's.")
}

/// Exchanges a code for tokens: together with others, and alone if there is more to say or to do than that.
///
/// It is consumed before anything is signed, with its grant locked, so of many at once one gets tokens. A valid
/// redemption of a code that was used before takes back what it gave; one with another client or verifier takes back
/// nothing, or anybody who saw a code could end sessions.
pub async fn redeem(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Arc<Client>,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let presented = Presented {
        client: client.clone(),
        code: state.codes.parse(parameters.require("code")?).ok_or_else(no_code)?,
        verifier: parameters.require("code_verifier")?.to_owned(),
        redirect_uri: parameters.get("redirect_uri").map(str::to_owned),
        // The code stands for all scopes that were granted (RFC 6749 §4.1.3).
        narrowing: Narrowing { resources: narrowing(parameters)?.resources, ..Narrowing::default() },
        now: context.now,
    };
    require_readers(state, &presented).await?;
    let granted = match state.grants.redeemed.ask(presented.clone()).await? {
        Some(granted) => granted,
        None => alone(state, context, &presented).await?,
    };
    granted.respond(state, client, context.now).await
}

/// Makes sure that the tokens can be made, so that no code is used up in vain: whoever presents it once more would be taken
/// for a thief.
async fn require_readers(state: &AppState, presented: &Presented) -> Result<(), OAuthError> {
    let client = &presented.client;
    if client.resources.is_empty() && client.id_token_key.is_none() {
        return Ok(());
    }
    let grant = find_grant(state, presented).await?;
    let is_good = |grant: &GrantRecord| presented.find(grant).is_ok_and(|code| code.is_good(presented.now));
    let Some(grant) = grant.filter(is_good) else { return Ok(()) };
    let (_, resources) = presented.narrowing.of(&grant.scopes, &grant.resources)?;
    signing::require_readers(state, client, &resources).await
}

async fn alone(
    state: &AppState,
    context: ActionContext<'_>,
    presented: &Presented,
) -> Result<Granted, OAuthError> {
    let (now, client) = (context.now, &presented.client);
    let known = find_grant(state, presented).await?.ok_or_else(no_code)?;
    // Nothing is locked for a code that is not this client's.
    presented.find(&known).map_err(refuse)?;
    let mut change = Change::begin(state, context).await?;
    let standing = standings::lock(change.tx(), &presented.code.grant).await?.ok_or_else(no_code)?;
    let code = presented.find(&standing.grant).map_err(refuse)?;
    if !code.is_good(now) {
        let was_used = code.redeemed_at.is_some();
        return Err(if was_used { take_back(change, &standing.grant).await? } else { no_code() });
    }
    let nonce = code.nonce.clone();
    if !is_live(&standing, now) {
        return Err(OAuthError::invalid_grant("The authorization has ended."));
    }
    check_again(&standing, client)?;
    let Standing { grant, user, groups, .. } = standing;
    let (scopes, resources) = presented.narrowing.of(&grant.scopes, &grant.resources)?;
    let expires_at = access_token_expiry(state, client, now);
    grants::redeem(change.tx(), &[(&grant.id, now)]).await?;
    change.commit().await?;
    Ok(Granted { grant, user, groups, scopes, resources, nonce, expires_at })
}

async fn find_grant(state: &AppState, presented: &Presented) -> Result<Option<GrantRecord>, OAuthError> {
    let mut reader = state.store.read().await?;
    Ok(grants::by_id(&mut reader, &presented.code.grant).await?)
}

/// Why the client gets nothing.
fn refuse(unfit: Unfit) -> OAuthError {
    match unfit {
        Unfit::Code => no_code(),
        Unfit::Verifier => OAuthError::invalid_grant("The parameter code_verifier is not that of the code."),
        Unfit::RedirectUri => {
            OAuthError::invalid_grant("The parameter redirect_uri is not that of the request.")
        }
    }
}

/// The code was used before, so two parties hold it: what it gave is taken back (RFC 6749 §4.1.2).
async fn take_back(mut change: Change<'_>, grant: &GrantRecord) -> Result<OAuthError, OAuthError> {
    if end_grant(&mut change, grant, RevocationReason::CodeReplayed).await? {
        let detail = json!({ "client": grant.client.as_str() });
        let event = Event::new(EventKind::AuthorizationCodeReplayed).about(&grant.user).with(detail);
        change.record(event).await?;
        change.commit().await?;
        tracing::warn!(client = %grant.client, user = %grant.user, "a code was redeemed twice; its grant is revoked");
    }
    Ok(no_code())
}
