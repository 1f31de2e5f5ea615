//! Asking somebody who is signed in for their password again.

use super::{Password, password::Match};
use crate::server::{
    audit::{self, Event, EventKind},
    error::Error,
    origin::Context,
    principal::Principal,
    state::State,
    store::users::User,
};

/// Whether this is the password of `user`, the principal's account. A wrong one is said to be so at `field`, and recorded as `failure`.
/// As many may be tried as at signing in: a stolen access token is no way to guess on.
pub async fn confirm(
    state: &State,
    context: Context<'_>,
    principal: &Principal,
    user: &User,
    password: &Password,
    (field, failure): (&'static str, EventKind),
) -> Result<(), Error> {
    state.attempts.allow(context, user.email.as_str(), Some(principal.session.as_str()))?;
    if state.passwords.verify(password, user.password_hash.clone()).await? != Match::No {
        return Ok(());
    }
    let mut tx = state.store.begin().await?;
    let event = Event::new(failure).by(&user.id).about(&user.id).of(&principal.session);
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    Err(Error::WrongPassword(field))
}
