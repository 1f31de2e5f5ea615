//! Redeeming an authorization code: once.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use serde_json::json;

use super::respond::{Granted, TokenAnswer, access_token_expiry};
use crate::{
    model::{id::GrantId, oauth::revocation::RevocationReason},
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        oauth::{authorize::request::resources, error::OAuthError, grants::check, parameters::Parameters},
        sessions::client_sessions::end_grant,
        state::AppState,
        store::{
            Tx,
            audit::{Event, EventKind},
            client_sessions::{self, ClientSession},
            clients::Client,
            codes::{self, CodeRecord},
            grants::{self, GrantRecord},
            sessions,
            users::{self, User},
        },
        tokens::one_time,
    },
};

/// The shortest and the longest verifier (RFC 7636 §4.1).
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

fn no_code() -> OAuthError {
    OAuthError::invalid_grant("The code is not good: unknown, used, expired or another client's.")
}

/// Exchanges a code for tokens.
///
/// It is consumed by one conditional update before anything is signed, so of many at once one gets tokens. A valid
/// redemption of a code that was used before takes back what it gave; one with another client or verifier takes back
/// nothing, or anybody who saw a code could end sessions.
pub async fn redeem(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let code = find(state, client, parameters).await?;
    let mut change = Change::begin(state, context).await?;
    let Some((session, mut grant)) = lock(change.tx(), &code.grant).await? else { return Err(no_code()) };
    if !codes::redeem(change.tx(), &code.code_hash, context.now).await? {
        return Err(refuse_used(change, &code, &grant).await?);
    }
    let user = owner(&mut change, &session, &grant).await?;
    let user = user.ok_or_else(|| OAuthError::invalid_grant("The authorization has ended."))?;
    check_again(&mut change, client, &user, &grant).await?;
    let asked = resources(parameters, &grant.resources)?;
    let resources = if asked.is_empty() { grant.resources.clone() } else { asked };
    let expires_at = access_token_expiry(state, client, context.now);
    grant.token_expires_at = expires_at;
    grants::advance(change.tx(), grant.generation, &grant).await?;
    client_sessions::set_token_expiry(change.tx(), &session.id, expires_at).await?;
    change.commit().await?;
    let scopes = &grant.scopes;
    let nonce = code.nonce.as_deref();
    let granted =
        Granted { client, grant: &grant, user: &user, scopes, resources: &resources, nonce, expires_at };
    granted.respond(state, context.now).await
}

/// The code, if it is this client's and the client holds its verifier. Nothing is changed by one that is not.
async fn find(state: &AppState, client: &Client, parameters: &Parameters) -> Result<CodeRecord, OAuthError> {
    let hash = one_time::hash(parameters.require("code")?);
    let verifier = parameters.require("code_verifier")?;
    let mut reader = state.store.read().await?;
    let code = codes::find(&mut reader, &hash).await?.filter(|code| code.client == client.id);
    let code = code.ok_or_else(no_code)?;
    let hashed = digest(&SHA256, verifier.as_bytes());
    if !VERIFIER.contains(&verifier.len())
        || verify_slices_are_equal(hashed.as_ref(), &code.challenge).is_err()
    {
        return Err(OAuthError::invalid_grant("The parameter code_verifier is not that of the code."));
    }
    if parameters.get("redirect_uri").is_some_and(|uri| uri != code.redirect_uri) {
        return Err(OAuthError::invalid_grant("The parameter redirect_uri is not that of the request."));
    }
    Ok(code)
}

/// A grant with its client session, locked in the order in which those lock them who end a session.
pub async fn lock(tx: &mut Tx, id: &GrantId) -> Result<Option<(ClientSession, GrantRecord)>, OAuthError> {
    let Some(grant) = grants::by_id(tx, id).await? else { return Ok(None) };
    let session = client_sessions::lock_by_id(tx, &grant.client_session).await?;
    let grant = grants::lock_by_id(tx, id).await?;
    Ok(session.zip(grant))
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

/// Whose grant it is, if neither it nor what it hangs on has ended.
pub async fn owner(
    change: &mut Change<'_>,
    client_session: &ClientSession,
    grant: &GrantRecord,
) -> Result<Option<User>, OAuthError> {
    let now = change.context.now;
    if client_session.revoked || grant.revoked.is_some() {
        return Ok(None);
    }
    if let Some(session) = &client_session.session {
        let session = sessions::by_id(change.tx(), session).await?;
        if !session.is_some_and(|session| session.is_live(now)) {
            return Ok(None);
        }
    }
    Ok(users::by_id(change.tx(), &grant.user).await?)
}

/// Asks again what the grant stands on.
pub async fn check_again(
    change: &mut Change<'_>,
    client: &Client,
    user: &User,
    grant: &GrantRecord,
) -> Result<(), OAuthError> {
    match check(change.tx(), client, user, &grant.scopes, &grant.resources).await {
        Err(Error::Forbidden) => {
            Err(OAuthError::invalid_grant("The authorization no longer holds. Ask the person again."))
        }
        other => Ok(other?),
    }
}
