//! Resetting the second factors of somebody who has lost them.
//!
//! An administrator removes them, and sees and sets up none. What is handed out instead is a code that works once: the
//! password alone, which may be stolen, is not enough for the next sign-in (OWASP ASVS 6.4.4).

use crate::{
    model::{id::UserId, second_factor::SecondFactor, session::SignOutReason},
    server::{
        authentication::{
            factors::Factors,
            recovery_codes::{generate, store},
        },
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        sessions::revoke::revoke_all_except,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            factor_failures, passkeys, totp,
            users::{self, User},
        },
    },
};

/// An account without second factors, and the code for its next sign-in. It is shown once.
#[derive(Debug)]
pub struct Reset {
    pub user: User,
    pub code: String,
}

/// Removes every second factor of an account and ends its sessions.
pub async fn reset(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<Reset, Error> {
    let new = generate(state, context, 1).await?;
    let mut change = Change::begin(state, context).await?;
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    if !Factors::of(change.tx(), id).await?.any() {
        return Err(Error::invalid("user_id", "This account has no second factor."));
    }
    totp::delete(change.tx(), id).await?;
    passkeys::delete_of_user(change.tx(), id).await?;
    users::set_second_step(change.tx(), id, false).await?;
    for factor in SecondFactor::CODES {
        factor_failures::clear(change.tx(), id, factor).await?;
    }
    store(change.tx(), id, &new).await?;
    users::raise_credential_epoch(change.tx(), id).await?;
    change.record(Event::new(EventKind::FactorsReset).about(id).maybe_by(actor)).await?;
    revoke_all_except(&mut change, &mut user, actor, SignOutReason::EndedByAdmin, None).await?;
    change.notify(&user, Notice::FactorsResetByAdmin).await?;
    change.commit().await?;
    Ok(Reset { user, code: new.shown.into_iter().next().unwrap_or_default() })
}
