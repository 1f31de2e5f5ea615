//! Ending a session.

use crate::{
    model::session::SignOutReason,
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        state::State,
        store::{
            Tx,
            changes::{self, Change},
            sessions::{self, SessionRecord},
            users::{self, User},
        },
    },
};

use super::refresh_token::RefreshToken;

/// Ends `session` within a transaction, with the event that tells of it, and denies its access tokens. Returns what
/// the node must deny once the transaction is committed; nothing if the session had ended before.
pub async fn revoke(
    state: &State,
    tx: &mut Tx,
    context: Context<'_>,
    session: &SessionRecord,
    reason: SignOutReason,
    event: Event,
) -> Result<Option<Change>, Error> {
    if !sessions::revoke(tx, &session.id, context.now, reason).await? {
        return Ok(None);
    }
    let change = Change::SessionEnded(session.id.clone());
    changes::insert(tx, &change, state.denied_until(context.now)).await?;
    let event = event.of(&session.id).because(reason);
    audit::record(tx, context, event).await?;
    Ok(Some(change))
}

/// The session of a refresh token of ours, whatever its generation, held for this transaction. Nothing for one that is
/// none of ours.
pub async fn lock_authentic(
    state: &State,
    tx: &mut Tx,
    token: &RefreshToken,
) -> Result<Option<SessionRecord>, Error> {
    let Some(session) = sessions::lock_by_id(tx, &token.session).await? else { return Ok(None) };
    Ok(state.refresh_keys.is_authentic(token, &session.salt)?.then_some(session))
}

/// Signs out. Takes a token of any generation: someone who wants to leave is let go (Kanidm 1.2.0). A token that is
/// none of ours ends nothing and is no error. Returns whose session it was.
pub async fn sign_out(
    state: &State,
    context: Context<'_>,
    presented: Option<&str>,
) -> Result<Option<User>, Error> {
    let Some(token) = presented.and_then(RefreshToken::parse) else { return Ok(None) };
    let mut tx = state.store.begin().await?;
    let Some(session) = lock_authentic(state, &mut tx, &token).await? else { return Ok(None) };
    let event = Event::new(EventKind::SignedOut).by(&session.user_id).about(&session.user_id);
    let change = revoke(state, &mut tx, context, &session, SignOutReason::SignedOut, event).await?;
    let user = users::by_id(&mut tx, &session.user_id).await?;
    tx.commit().await?;
    state.deny(context.now, change);
    Ok(user)
}
