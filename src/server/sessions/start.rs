//! Starting a session.

use super::{
    Issued,
    end::{lock_authentic, revoke},
    refresh_token::{RefreshKeys, RefreshToken},
};
use crate::{
    model::{id::SessionId, session::SignOutReason},
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        state::State,
        store::{
            Tx,
            changes::Change,
            sessions::{self, SessionRecord},
            users::User,
        },
    },
};

/// Starts a session for `user` within the transaction that signs them in, and commits it. Always a new family, whatever
/// the browser held before (session fixation, CVE-2026-7507): the session of `presented` is ended.
pub async fn start(
    state: &State,
    mut tx: Tx,
    context: Context<'_>,
    user: &User,
    presented: Option<&str>,
) -> Result<Issued, Error> {
    let replaced = replace(state, &mut tx, context, presented).await?;
    let mut session = new_session(state, context, user)?;
    let minted = state.mint(context.now, &session, user)?;
    session.holds(&minted);
    sessions::insert(&mut tx, &session).await?;
    let event = Event::new(EventKind::SignedIn).by(&user.id).about(&user.id).of(&session.id);
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    state.deny(context.now, replaced);
    state.issue(context.now, &session, user, minted)
}

fn new_session(state: &State, context: Context<'_>, user: &User) -> Result<SessionRecord, Error> {
    let Context { now, origin } = context;
    let config = &state.config.sessions;
    Ok(SessionRecord {
        id: SessionId::parse(&state.entropy.uuid(now)?)?,
        user_id: user.id.clone(),
        salt: state.entropy.bytes::<{ RefreshKeys::SALT_LENGTH }>()?.to_vec(),
        generation: 0,
        confirmed: false,
        rotated_at: now,
        created_at: now,
        authenticated_at: now,
        last_seen_at: now,
        idle_expires_at: (now + config.idle_ttl).min(now + config.absolute_ttl),
        absolute_expires_at: now + config.absolute_ttl,
        revoked: None,
        token_kid: String::new(),
        token_expires_at: now,
        name: None,
        user_agent: origin.user_agent.clone(),
        ip: origin.ip.clone(),
    })
}

/// Ends the session that the browser held until now, if it held one. Returns what to take over once the transaction
/// is committed.
async fn replace(
    state: &State,
    tx: &mut Tx,
    context: Context<'_>,
    presented: Option<&str>,
) -> Result<Option<Change>, Error> {
    let Some(token) = presented.and_then(RefreshToken::parse) else { return Ok(None) };
    let Some(session) = lock_authentic(state, tx, &token).await? else { return Ok(None) };
    let event = Event::new(EventKind::SessionEnded).by(&session.user_id).about(&session.user_id);
    revoke(state, tx, context, &session, SignOutReason::Replaced, event).await
}
