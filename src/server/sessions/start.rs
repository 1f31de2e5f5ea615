//! Starting a session.

use crate::{
    model::{
        id::{SessionId, UserId},
        session::SignOutReason,
    },
    server::{
        audit::{Event, EventKind},
        clock::Timestamp,
        error::Error,
        origin::Origin,
        sessions::refresh_token::{RefreshKeys, RefreshToken},
        state::State,
        store::{
            Tx,
            denials::Denied,
            sessions::{self, SessionRecord},
        },
    },
};

/// Starts a session for `user` within the transaction that signs them in: always a new family, whatever the browser
/// held before (session fixation, CVE-2026-7507).
pub async fn start(
    state: &State,
    tx: &mut Tx,
    now: Timestamp,
    origin: &Origin,
    user: &UserId,
) -> Result<SessionRecord, Error> {
    let config = &state.config.sessions;
    let session = SessionRecord {
        id: SessionId::parse(&state.entropy.uuid(now)?)?,
        user_id: user.clone(),
        salt: state.entropy.bytes::<{ RefreshKeys::SALT_LENGTH }>()?.to_vec(),
        generation: 0,
        confirmed: false,
        rotated_at: now,
        created_at: now,
        last_seen_at: now,
        idle_expires_at: (now + config.idle_ttl).min(now + config.absolute_ttl),
        absolute_expires_at: now + config.absolute_ttl,
        revoked: None,
        user_agent: origin.user_agent.clone(),
        ip: origin.ip.clone(),
    };
    sessions::insert(tx, &session).await?;
    Ok(session)
}

/// Ends the session that the browser held until now, if it held one. Returns what to deny once the transaction is
/// committed.
pub async fn replace(
    state: &State,
    tx: &mut Tx,
    now: Timestamp,
    origin: &Origin,
    presented: Option<&str>,
) -> Result<Option<Denied>, Error> {
    let Some(token) = presented.and_then(RefreshToken::parse) else { return Ok(None) };
    let Some(session) = sessions::lock_by_id(tx, &token.session).await? else { return Ok(None) };
    if !state.refresh_keys.is_authentic(&token, &session.salt)? {
        return Ok(None);
    }
    let event = Event::new(EventKind::SessionEnded).by(&session.user_id).about(&session.user_id);
    super::end::revoke(state, tx, now, origin, &session, SignOutReason::Replaced, event).await
}
