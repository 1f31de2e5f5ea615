//! Asking somebody who is signed in for their password again.

use crate::server::{
    change,
    client_info::ActionContext,
    error::Error,
    passwords::{
        Password,
        hasher::{PasswordMatch, Turn},
    },
    principal::Principal,
    state::AppState,
    store::{
        audit::{Event, EventKind},
        users::User,
    },
};

/// Checks that this is the password of `user`, the principal's account. A wrong one is an error at `field`, recorded
/// as `failure`. It may be tried as often as at signing in: a stolen access token is no way around that limit.
pub async fn confirm(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    user: &User,
    password: &Password,
    (field, failure): (&'static str, EventKind),
) -> Result<(), Error> {
    state.rate_limiter.check_password(context, user.email.as_str(), Some(principal.session.as_str()))?;
    let turn = Turn::sign_in(context.client);
    if state.passwords.verify(turn, password, user.password_hash.clone()).await? != PasswordMatch::No {
        return Ok(());
    }
    let event = Event::new(failure).by(&user.id).about(&user.id).of(&principal.session);
    change::record(&state.store, context, event).await?;
    Err(Error::WrongPassword(field))
}
