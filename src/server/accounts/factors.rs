//! What every change of an account's second factors has in common.

use super::recent;
use crate::{
    model::session::SignOutReason,
    server::{
        authentication::factors::Factors,
        change::Change,
        error::Error,
        mail::notice::Notice,
        principal::Principal,
        sessions::revoke::revoke_all_except,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
    },
};

/// The principal's account, held by `change`. A session of a lower level than the account may change none of its factors:
/// whoever was only half signed in could set up one of their own.
pub async fn lock(change: &mut Change<'_>, principal: &Principal) -> Result<User, Error> {
    let user = users::lock_by_id(change.tx(), &principal.user).await?;
    let user = user.filter(User::is_enabled).ok_or(Error::NotFound)?;
    recent::require(principal, Factors::of(change.tx(), &user.id).await?, change.context.now)?;
    Ok(user)
}

/// Records that a factor was added or removed, tells the owner, and ends every other session and every attempt that is half way in.
pub async fn changed(
    change: &mut Change<'_>,
    principal: &Principal,
    user: &mut User,
    (kind, notice): (EventKind, Notice),
) -> Result<(), Error> {
    let event = Event::new(kind).by(&user.id).about(&user.id).of(&principal.session);
    change.record(event).await?;
    users::raise_credential_epoch(change.tx(), &user.id).await?;
    let (reason, kept) = (SignOutReason::FactorChanged, Some(&principal.session));
    revoke_all_except(change, user, Some(&principal.user), reason, kept).await?;
    change.notify(user, notice).await
}
