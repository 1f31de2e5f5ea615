//! A device asks whether its user has decided, and gets its tokens once (RFC 8628 §3.4).

use super::{
    check_again,
    respond::{TokenAnswer, access_token_expiry},
};
use crate::server::{
    change::Change,
    client_info::ActionContext,
    grants::{Granted, rules::is_live},
    oauth::{
        device::INTERVAL_MILLIS,
        error::{OAuthCode, OAuthError},
        parameters::Parameters,
        signing,
    },
    state::AppState,
    store::{
        clients::Client,
        device_codes::{self, DeviceRecord, DeviceState},
        grants,
        standings::{self, Standing},
    },
    tokens::one_time,
};

pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn no_code() -> OAuthError {
    OAuthError::invalid_grant("The device code is not good: unknown, used or another client's.")
}

/// Exchanges a device code that was allowed for tokens. It is consumed by one conditional update, so of many at once one
/// gets them.
pub async fn redeem(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let hash = one_time::hash(parameters.require("device_code")?);
    let mut reader = state.store.read().await?;
    let record = device_codes::by_device(&mut reader, &hash).await?;
    drop(reader);
    let record = record.filter(|record| record.client == client.id).ok_or_else(no_code)?;
    if context.now >= record.expires_at {
        return Err(OAuthError::new(
            OAuthCode::ExpiredToken,
            "The device code has expired. Ask for another.",
        ));
    }
    match record.state {
        DeviceState::Pending => Err(wait(state, context, &record).await?),
        DeviceState::Denied => Err(OAuthError::new(OAuthCode::AccessDenied, "The person did not allow it.")),
        DeviceState::Redeemed => Err(no_code()),
        DeviceState::Allowed => hand_out(state, context, client, &record).await,
    }
}

/// Nobody has decided yet. Whoever asks too early has to wait for longer from now on.
async fn wait(
    state: &AppState,
    context: ActionContext<'_>,
    record: &DeviceRecord,
) -> Result<OAuthError, OAuthError> {
    let mut tx = state.store.begin().await?;
    let in_time = device_codes::poll(&mut tx, &record.device_hash, context.now).await?;
    if !in_time {
        device_codes::slow_down(&mut tx, &record.device_hash, context.now, INTERVAL_MILLIS).await?;
    }
    tx.commit().await?;
    Ok(if in_time {
        OAuthError::new(OAuthCode::AuthorizationPending, "The person has not decided yet.")
    } else {
        OAuthError::new(OAuthCode::SlowDown, "Ask five seconds later than until now.")
    })
}

async fn hand_out(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    record: &DeviceRecord,
) -> Result<TokenAnswer, OAuthError> {
    let id = record.grant.as_ref().ok_or_else(no_code)?;
    let mut reader = state.store.read().await?;
    let grant = grants::by_id(&mut reader, id).await?.ok_or_else(no_code)?;
    drop(reader);
    signing::require_readers(state, client, &grant.resources).await?;
    let mut change = Change::begin(state, context).await?;
    let standing = standings::lock(change.tx(), id).await?.ok_or_else(no_code)?;
    if !device_codes::redeem(change.tx(), &record.device_hash, context.now).await? {
        return Err(no_code());
    }
    if !is_live(&standing, context.now) {
        return Err(OAuthError::invalid_grant("The authorization has ended."));
    }
    check_again(&standing, client)?;
    let Standing { grant, user, groups, .. } = standing;
    let expires_at = access_token_expiry(state, client, context.now);
    change.commit().await?;
    let (scopes, resources) = (grant.scopes.clone(), grant.resources.clone());
    let granted = Granted { grant, user, groups, scopes, resources, nonce: None, expires_at };
    granted.respond(state, client, context.now).await
}
