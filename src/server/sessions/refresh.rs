//! Refreshing a session: one transaction that carries out what [`decide`] says.

use serde_json::json;

use super::{Decision, Issued, Reissue, decide, refresh_token::RefreshToken};
use crate::{
    model::{id::SessionId, session::SignOutReason},
    server::{
        audit::{Event, EventKind},
        error::Error,
        origin::Context,
        state::State,
        store::{
            Tx,
            sessions::{self, SessionRecord},
            users,
        },
    },
};

/// Exchanges the presented refresh token for an access token and the refresh token to hold from now on.
///
/// Errors: [`Error::NoSession`] for a token that is none of ours, [`Error::SessionEnded`] with the reason for one of
/// a session that is over, and faults, which say nothing about the session.
pub async fn refresh(state: &State, context: Context<'_>, presented: Option<&str>) -> Result<Issued, Error> {
    let now = context.now;
    let token = presented.and_then(RefreshToken::parse).ok_or(Error::NoSession)?;
    let mut tx = state.store.begin().await?;
    let Some(mut session) = sessions::lock_by_id(&mut tx, &token.session).await? else {
        return Err(why_gone(state, &token.session).map_or(Error::NoSession, Error::SessionEnded));
    };
    if !state.refresh_keys.is_authentic(&token, &session.salt)? {
        return Err(Error::NoSession);
    }
    let from = session.generation;
    match decide(&session, token.generation, now, &state.config.sessions) {
        Decision::Unknown => return Err(Error::NoSession),
        Decision::Ended(reason) => return Err(Error::SessionEnded(reason)),
        Decision::Theft => {
            return Err(close_as_stolen(state, tx, context, &session, token.generation).await?);
        }
        Decision::Keep => session.confirmed = true,
        Decision::Rotate => {
            session.generation += 1;
            session.confirmed = false;
            session.rotated_at = now;
        }
        Decision::Reissue(Reissue::Concurrent) => {}
        Decision::Reissue(Reissue::ResponseLost) => {
            tracing::info!(session = %session.id, "a refresh response was lost; its token is handed out again");
        }
    }
    // Using a session postpones its idle end, and never its absolute one.
    session.idle_expires_at = (now + state.config.sessions.idle_ttl).min(session.absolute_expires_at);
    session.seen(context);
    let user = users::by_id(&mut tx, &session.user_id).await?.ok_or(Error::NoSession)?;
    if !user.is_enabled() {
        return Err(Error::SessionEnded(SignOutReason::AccountClosed));
    }
    let minted = state.mint(now, &session, &user)?;
    session.holds(&minted);
    sessions::advance(&mut tx, from, &session).await?;
    tx.commit().await?;
    state.issue(now, &session, &user, minted)
}

/// Why a session of which nothing is kept has ended, if it was a short while ago: an account that is deleted takes its
/// sessions with it, and every node still knows that their access tokens are refused.
pub(super) fn why_gone(state: &State, session: &SessionId) -> Option<SignOutReason> {
    state.denylist.has(session).then_some(SignOutReason::AccountDeleted)
}

/// Ends a family of which two parties hold a token, and returns the error to answer with. It is committed here:
/// dropped with the error, the transaction would take the revocation with it.
pub(super) async fn close_as_stolen(
    state: &State,
    mut tx: Tx,
    context: Context<'_>,
    session: &SessionRecord,
    presented: u64,
) -> Result<Error, Error> {
    let event = Event::new(EventKind::RefreshTokenReused)
        .about(&session.user_id)
        .with(json!({ "presented": presented, "newest": session.generation }));
    let change = super::end::revoke(state, &mut tx, context, session, SignOutReason::Reused, event).await?;
    tx.commit().await?;
    state.deny(context.now, change);
    tracing::warn!(session = %session.id, user = %session.user_id, "a refresh token was used twice; the session is closed");
    Ok(Error::SessionEnded(SignOutReason::Reused))
}
