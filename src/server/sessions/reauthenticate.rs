//! Entering the password again, for what a stolen access token must not be enough for.

use super::Issued;
use crate::server::{
    accounts::{Password, own_password, profile},
    audit::{self, Event, EventKind},
    error::Error,
    origin::Context,
    principal::Principal,
    state::State,
    store::sessions,
};

/// Checks the password of the principal's account, and hands out an access token that says when. The session goes on
/// as it is; its refresh token does not move.
pub async fn reauthenticate(
    state: &State,
    context: Context<'_>,
    principal: &Principal,
    password: &Password,
) -> Result<Issued, Error> {
    let asked = ("password", EventKind::ReauthenticationFailed);
    let user = profile::get(state, &principal.user).await?;
    own_password::confirm(state, context, principal, &user, password, asked).await?;
    let mut tx = state.store.begin().await?;
    let session = sessions::lock_by_id(&mut tx, &principal.session).await?;
    let mut session = session.filter(|session| session.is_live(context.now)).ok_or(Error::NoSession)?;
    session.authenticated_at = context.now;
    let minted = state.mint(context.now, &session, &user)?;
    session.holds(&minted);
    sessions::authenticated(&mut tx, &session).await?;
    let event = Event::new(EventKind::Reauthenticated).by(&user.id).about(&user.id).of(&session.id);
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    state.issue(context.now, &session, &user, minted)
}
