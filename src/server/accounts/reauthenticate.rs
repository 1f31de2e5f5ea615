//! Entering the password again, for what a stolen access token must not be enough for.

use super::{confirm_password, profile};
use crate::model::session::SignOutReason;
use crate::server::{
    change::Change,
    client_info::ActionContext,
    error::Error,
    passwords::Password,
    principal::Principal,
    sessions::{Issued, issue, revoke::revoke_for_reuse},
    state::AppState,
    store::{
        audit::{Event, EventKind},
        many_sessions,
        sessions::{self, SessionRecord},
    },
    tokens::refresh::{
        rotation::{Decision, step_up},
        token::RefreshToken,
    },
};

/// Checks the password of the principal's account, and hands out an access token that says when, with the refresh token
/// to hold from now on. `presented` is the one that the browser holds.
pub async fn reauthenticate(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    password: &Password,
    presented: Option<&RefreshToken>,
) -> Result<Issued, Error> {
    let asked = ("password", EventKind::ReauthenticationFailed);
    let user = profile::get(state, &principal.user).await?;
    confirm_password::confirm(state, context, principal, &user, password, asked).await?;
    let mut change = Change::begin(state, context).await?;
    let session = sessions::lock_by_id(change.tx(), &principal.session).await?;
    let mut session = session.ok_or(Error::NoSession)?;
    let generation = generation_of(state, &session, presented)?;
    let from = session.generation;
    let decision = step_up(&mut session, generation, context.now, &state.config.sessions);
    match decision {
        Decision::Ended(reason) => return Err(Error::SessionEnded(reason)),
        Decision::Reuse => {
            revoke_for_reuse(change, &session, generation.unwrap_or(from)).await?;
            return Err(Error::SessionEnded(SignOutReason::Reused));
        }
        Decision::Keep | Decision::Rotate | Decision::Reissue(_) => session.seen(context),
        Decision::Unknown => {}
    }
    let authenticated = SessionRecord { authenticated_at: context.now, ..session.clone() };
    let minted = state.tokens.mint(context.now, &state.entropy, &authenticated, &user)?;
    session.remember(&minted.kid, minted.expires_at);
    many_sessions::advance(change.tx(), &[(from, &session)]).await?;
    let event = Event::new(EventKind::Reauthenticated).by(&user.id).about(&user.id).of(&session.id);
    change.record(event).await?;
    change.commit().await?;
    let mut issued = issue(state, context.now, &session, &user, minted)?;
    // Whoever does not hold the newest refresh token, or one that entitles to it, does not get it here.
    issued.cookie = issued.cookie.filter(|_| decision != Decision::Unknown);
    Ok(issued)
}

/// The generation that the browser presents, if it is one of this very session.
fn generation_of(
    state: &AppState,
    session: &SessionRecord,
    presented: Option<&RefreshToken>,
) -> Result<Option<u64>, Error> {
    match presented.filter(|token| token.session == session.id) {
        Some(token) if state.refresh_keys.is_authentic(token, &session.salt)? => Ok(Some(token.generation)),
        _ => Ok(None),
    }
}
