//! Checking a code that was typed as the second factor.

use serde_json::json;

use super::{evidence::Evidence, limits, recovery_codes, totp::TotpSecret};
use crate::{
    model::{
        id::UserId,
        methods::Method,
        second_factor::{OneTimeCode, SecondFactor, TotpCode},
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            factor_failures, recovery_codes as stored_codes, totp,
            users::User,
        },
    },
};

/// A code that was typed, with the slow part of checking it done.
#[derive(Debug)]
pub struct Prepared {
    factor: SecondFactor,
    code: PreparedCode,
}

#[derive(Debug)]
enum PreparedCode {
    Totp(TotpCode),
    /// What is stored of such a recovery code; nothing: the account has none.
    Recovery(Option<String>),
}

/// Prepares a code of this account: before a transaction is begun, in which others would wait for the hash.
pub async fn prepare(
    state: &AppState,
    context: ActionContext<'_>,
    user: &UserId,
    code: &OneTimeCode,
) -> Result<Prepared, Error> {
    Ok(match code {
        OneTimeCode::Totp(code) => {
            Prepared { factor: SecondFactor::Totp, code: PreparedCode::Totp(code.clone()) }
        }
        OneTimeCode::Recovery(code) => Prepared {
            factor: SecondFactor::RecoveryCode,
            code: PreparedCode::Recovery(recovery_codes::find(state, context, user, code).await?),
        },
    })
}

/// Checks the code, and uses it up. The account is held by `change`, which goes on if the code is right. If it is wrong,
/// that is counted, recorded as `failure` and committed.
pub async fn verify<'a>(
    state: &'a AppState,
    mut change: Change<'a>,
    user: &User,
    prepared: &Prepared,
    failure: Event,
) -> Result<(Change<'a>, Evidence), Error> {
    let (now, factor) = (change.context.now, prepared.factor);
    limits::check(change.tx(), &user.id, factor, now).await?;
    let method = match &prepared.code {
        PreparedCode::Totp(code) => use_totp(state, &mut change, user, code).await?,
        PreparedCode::Recovery(hash) => use_recovery_code(&mut change, user, hash.as_deref()).await?,
    };
    if let Some(method) = method {
        factor_failures::clear(change.tx(), &user.id, factor).await?;
        return Ok((change, Evidence::of(method, now)));
    }
    let in_a_row = limits::count(change.tx(), &user.id, factor, now).await?;
    let detail = json!({ "why": "wrong_code", "factor": factor.as_str(), "in_a_row": in_a_row });
    change.record(failure.about(&user.id).with(detail)).await?;
    if in_a_row == limits::FREE_FAILURES {
        change.notify(user, Notice::TenWrongCodes(factor)).await?;
    }
    change.commit().await?;
    Err(Error::WrongCode)
}

async fn use_totp(
    state: &AppState,
    change: &mut Change<'_>,
    user: &User,
    code: &TotpCode,
) -> Result<Option<Method>, Error> {
    let now = change.context.now;
    let Some(app) = totp::of_user(change.tx(), &user.id).await?.filter(|app| app.confirmed_at.is_some())
    else {
        return Ok(None);
    };
    let secret = TotpSecret::open(state, &user.id, &app.sealed_secret)?;
    let Some(step) = secret.step_of(code, now)? else { return Ok(None) };
    Ok(totp::use_step(change.tx(), &user.id, step).await?.then_some(Method::Totp))
}

async fn use_recovery_code(
    change: &mut Change<'_>,
    user: &User,
    hash: Option<&str>,
) -> Result<Option<Method>, Error> {
    let Some(hash) = hash else { return Ok(None) };
    if !stored_codes::use_up(change.tx(), &user.id, hash).await? {
        return Ok(None);
    }
    let event = Event::new(EventKind::RecoveryCodeUsed).by(&user.id).about(&user.id);
    change.record(event).await?;
    change.notify(user, Notice::RecoveryCodeUsed).await?;
    Ok(Some(Method::RecoveryCode))
}
