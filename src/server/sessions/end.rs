//! Ending a session.

use crate::{
    model::session::SignOutReason,
    server::{
        audit::{self, Event, EventKind},
        clock::Timestamp,
        error::Error,
        origin::Origin,
        state::State,
        store::{
            Tx,
            denials::{self, Denied},
            sessions::{self, SessionRecord},
        },
    },
};

use super::refresh_token::RefreshToken;

/// Ends `session` within a transaction, with the event that tells of it, and denies its access tokens. Returns what
/// the node must deny once the transaction is committed; nothing if the session had ended before.
pub async fn revoke(
    state: &State,
    tx: &mut Tx,
    now: Timestamp,
    origin: &Origin,
    session: &SessionRecord,
    reason: SignOutReason,
    event: Event,
) -> Result<Option<Denied>, Error> {
    if !sessions::revoke(tx, &session.id, now, reason).await? {
        return Ok(None);
    }
    let denied = Denied::Session(session.id.clone());
    denials::insert(tx, &denied, state.denied_until(now)).await?;
    let event = event.of(&session.id).because(reason);
    audit::record(tx, now, origin, event).await?;
    Ok(Some(denied))
}

/// Signs out. Takes a token of any generation: someone who wants to leave is let go (Kanidm 1.2.0). A token that is
/// none of ours ends nothing and is no error.
pub async fn sign_out(
    state: &State,
    now: Timestamp,
    origin: &Origin,
    presented: Option<&str>,
) -> Result<(), Error> {
    let Some(token) = presented.and_then(RefreshToken::parse) else { return Ok(()) };
    let mut tx = state.store.begin().await?;
    let Some(session) = sessions::lock_by_id(&mut tx, &token.session).await? else { return Ok(()) };
    if !state.refresh_keys.is_authentic(&token, &session.salt)? {
        return Ok(());
    }
    let event = Event::new(EventKind::SignedOut).by(&session.user_id).about(&session.user_id);
    let denied = revoke(state, &mut tx, now, origin, &session, SignOutReason::SignedOut, event).await?;
    tx.commit().await?;
    state.deny(now, denied);
    Ok(())
}
