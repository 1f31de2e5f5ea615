//! Setting up an authenticator app, and removing it.

use super::{
    factors::{changed, lock},
    passkey_after_password::forget_without_factor,
};
use crate::{
    model::second_factor::{SecondFactor, TotpCode, TotpSetup},
    server::{
        authentication::{
            evidence::Evidence,
            qr_code,
            recovery_codes::{self, COUNT},
            totp::{self as codes, TotpSecret},
        },
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        principal::Principal,
        sessions::{Issued, step_up::step_up},
        state::AppState,
        store::{audit::EventKind, factor_failures, recovery_codes as stored_codes, sessions, totp},
        tokens::refresh::token::RefreshToken,
    },
};

/// Makes a secret, for an app that is to be set up. It counts once a code of the app has confirmed it.
pub async fn begin(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
) -> Result<TotpSetup, Error> {
    state.rate_limiter.check_change(&principal.user)?;
    let secret = TotpSecret::generate(&state.entropy)?;
    let mut change = Change::begin(state, context).await?;
    let user = lock(&mut change, principal).await?;
    if !totp::begin(change.tx(), &user.id, &secret.seal(state, &user.id)?, context.now).await? {
        return Err(Error::FactorExists);
    }
    change.commit().await?;
    let host = state.config.public_url.host_str().unwrap_or_default();
    let otpauth_url = secret.to_url(&state.config.brand.name, host, user.email.as_str())?;
    Ok(TotpSetup { secret: secret.to_base32()?, qr_code: qr_code::draw(&otpauth_url)?, otpauth_url })
}

/// Sets the app up, with a code of it, which is used by that. The session that asks has proved a second factor now, and all
/// others end. Returns recovery codes too, unless the account has some.
pub async fn confirm(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    code: &TotpCode,
    presented: Option<&RefreshToken>,
) -> Result<(Issued, Vec<String>), Error> {
    state.rate_limiter.check_change(&principal.user)?;
    let confirmed = codes::confirm(state, context.now, &principal.user, code).await?;
    let new = recovery_codes::generate(state, context, COUNT).await?;
    let mut change = Change::begin(state, context).await?;
    let mut user = lock(&mut change, principal).await?;
    let used = (confirmed.step, context.now);
    if !totp::confirm(change.tx(), &user.id, &confirmed.sealed_secret, used).await? {
        return Err(Error::WrongCode);
    }
    let has_codes = stored_codes::any_of_user(change.tx(), &user.id).await?.is_some();
    if !has_codes {
        recovery_codes::store(change.tx(), &user.id, &new).await?;
    }
    changed(&mut change, principal, &mut user, (EventKind::TotpAdded, Notice::SecondFactorAdded)).await?;
    let session = sessions::by_id(change.tx(), &principal.session).await?.ok_or(Error::NoSession)?;
    let evidence = confirmed.evidence.and(Evidence::of_session(&session));
    let issued = step_up(state, change, principal, &user, evidence, presented).await?;
    Ok((issued, if has_codes { Vec::new() } else { new.shown }))
}

/// Removes the app, and with the last factor the recovery codes. All other sessions end.
pub async fn remove(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    let mut user = lock(&mut change, principal).await?;
    if !totp::delete(change.tx(), &user.id).await? {
        return Err(Error::NotFound);
    }
    factor_failures::clear(change.tx(), &user.id, SecondFactor::Totp).await?;
    forget_without_factor(&mut change, &user).await?;
    changed(&mut change, principal, &mut user, (EventKind::TotpRemoved, Notice::SecondFactorRemoved)).await?;
    Ok(change.commit().await?)
}
