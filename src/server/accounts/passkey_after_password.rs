//! Whether the password alone is enough for somebody who has a passkey: they say so themselves.

use super::factors::{changed, lock};
use crate::server::{
    authentication::{
        factors::Factors,
        recovery_codes::{self, COUNT},
    },
    change::Change,
    client_info::ActionContext,
    error::Error,
    mail::notice::Notice,
    principal::Principal,
    state::AppState,
    store::{
        audit::EventKind,
        passkeys, recovery_codes as stored_codes,
        users::{self, User},
    },
};

/// Has a passkey asked for after the password. All other sessions end. Returns recovery codes too, unless the account has
/// some.
pub async fn turn_on(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
) -> Result<Vec<String>, Error> {
    state.rate_limiter.check_change(&principal.user)?;
    let new = recovery_codes::generate(state, context, COUNT).await?;
    let mut change = Change::begin(state, context).await?;
    let mut user = lock(&mut change, principal).await?;
    if passkeys::count(change.tx(), &user.id, state.relying_party.id()).await? == 0 {
        return Err(Error::invalid("required", "Add a passkey first."));
    }
    let has_codes = stored_codes::any_of_user(change.tx(), &user.id).await?.is_some();
    if !has_codes {
        recovery_codes::store(change.tx(), &user.id, &new).await?;
    }
    users::set_second_step(change.tx(), &user.id, true).await?;
    let done = (EventKind::SecondStepEnabled, Notice::SecondStepTurnedOn);
    changed(&mut change, principal, &mut user, done).await?;
    change.commit().await?;
    Ok(if has_codes { Vec::new() } else { new.shown })
}

/// Lets the password be enough again, unless there is an authenticator app. All other sessions end.
pub async fn turn_off(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
) -> Result<(), Error> {
    state.rate_limiter.check_change(&principal.user)?;
    let mut change = Change::begin(state, context).await?;
    let mut user = lock(&mut change, principal).await?;
    users::set_second_step(change.tx(), &user.id, false).await?;
    forget_without_factor(&mut change, &user).await?;
    let done = (EventKind::SecondStepDisabled, Notice::SecondStepTurnedOff);
    changed(&mut change, principal, &mut user, done).await?;
    Ok(change.commit().await?)
}

/// Once there is nothing left that a second step is taken with, recovery codes stand in for nothing, and a passkey that is
/// added later is not asked for.
pub(super) async fn forget_without_factor(change: &mut Change<'_>, user: &User) -> Result<(), Error> {
    if !Factors::of(change.tx(), &user.id).await?.has_second_step() {
        stored_codes::delete_of_user(change.tx(), &user.id).await?;
        users::set_second_step(change.tx(), &user.id, false).await?;
    }
    Ok(())
}
