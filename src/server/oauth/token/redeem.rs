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
            codes::{self, CodeRecord},
            grants::{self, GrantRecord},
            standings::{self, Standing},
        },
        tokens::one_time,
    },
};

fn no_code() -> OAuthError {
    OAuthError::invalid_grant("The code is not good: unknown, used, expired or another client's.")
}

/// Exchanges a code for tokens: together with others, and alone if there is more to say or to do than that.
///
/// It is consumed by one conditional update before anything is signed, so of many at once one gets tokens. A valid
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
        code_hash: one_time::hash(parameters.require("code")?),
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
    let mut reader = state.store.read().await?;
    let code = codes::find(&mut reader, &presented.code_hash).await?;
    let is_good = |code: &CodeRecord| code.redeemed_at.is_none() && presented.check(code).is_ok();
    let Some(code) = code.filter(is_good) else { return Ok(()) };
    let Some(grant) = grants::by_id(&mut reader, &code.grant).await? else { return Ok(()) };
    drop(reader);
    let (_, resources) = presented.narrowing.of(&grant.scopes, &grant.resources)?;
    signing::require_readers(state, client, &resources).await
}

async fn alone(
    state: &AppState,
    context: ActionContext<'_>,
    presented: &Presented,
) -> Result<Granted, OAuthError> {
    let (now, client) = (context.now, &presented.client);
    let code = find(state, presented).await?;
    let mut change = Change::begin(state, context).await?;
    let standing = standings::lock(change.tx(), &code.grant).await?.ok_or_else(no_code)?;
    let redeemed = codes::redeem(change.tx(), &[(code.code_hash.as_slice(), now)]).await?;
    if redeemed.is_empty() {
        return Err(refuse_used(change, &code, &standing.grant).await?);
    }
    if !is_live(&standing, now) {
        return Err(OAuthError::invalid_grant("The authorization has ended."));
    }
    check_again(&standing, client)?;
    let Standing { mut grant, user, .. } = standing;
    let (scopes, resources) = presented.narrowing.of(&grant.scopes, &grant.resources)?;
    let expires_at = access_token_expiry(state, client, now);
    grant.token_expires_at = expires_at;
    grants::write_use(change.tx(), &[(grant.generation, &grant)]).await?;
    change.commit().await?;
    Ok(Granted { grant, user, scopes, resources, nonce: code.nonce, expires_at })
}

/// The code, if it is this client's and the client holds its verifier.
async fn find(state: &AppState, presented: &Presented) -> Result<CodeRecord, OAuthError> {
    let mut reader = state.store.read().await?;
    let code = codes::find(&mut reader, &presented.code_hash).await?.ok_or_else(no_code)?;
    match presented.check(&code) {
        Ok(()) => Ok(code),
        Err(Unfit::Client) => Err(no_code()),
        Err(Unfit::Verifier) => {
            Err(OAuthError::invalid_grant("The parameter code_verifier is not that of the code."))
        }
        Err(Unfit::RedirectUri) => {
            Err(OAuthError::invalid_grant("The parameter redirect_uri is not that of the request."))
        }
    }
}

/// The code was used, or is too old. Used means that two parties hold it (RFC 6749 §4.1.2).
async fn refuse_used(
    mut change: Change<'_>,
    code: &CodeRecord,
    grant: &GrantRecord,
) -> Result<OAuthError, OAuthError> {
    let now = codes::find(change.tx(), &code.code_hash).await?;
    if now.is_some_and(|code| code.redeemed_at.is_some())
        && end_grant(&mut change, grant, RevocationReason::CodeReplayed).await?
    {
        let detail = json!({ "client": grant.client.as_str() });
        let event = Event::new(EventKind::AuthorizationCodeReplayed).about(&grant.user).with(detail);
        change.record(event).await?;
        change.commit().await?;
        tracing::warn!(client = %grant.client, user = %grant.user, "a code was redeemed twice; its grant is revoked");
    }
    Ok(no_code())
}
