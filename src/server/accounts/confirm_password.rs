//! Asking somebody who is signed in for their password again.

use crate::server::{
    authentication::{evidence::Evidence, password},
    change,
    client_info::ActionContext,
    error::Error,
    passwords::Password,
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
) -> Result<Evidence, Error> {
    state.rate_limiter.check_password(context, user.email.as_str(), Some(principal.session.as_str()))?;
    if let Some(verified) = password::verify(state, context, password, user.password_hash.clone()).await? {
        return Ok(verified.evidence);
    }
    let event = Event::new(failure).by(&user.id).about(&user.id).of(&principal.session);
    change::record(&state.store, context, event).await?;
    Err(Error::WrongPassword(field))
}
