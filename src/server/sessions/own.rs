//! A user's own sessions: seeing, naming and revoking them.

use super::revoke::{count, revoke, revoke_all_except};
use crate::{
    model::{
        id::{SessionId, UserId},
        session::{SessionSummary, SignOutReason},
        text::has_hidden_characters,
    },
    server::{
        change::Change,
        client_info::{ActionContext, device::device_name},
        clock::Timestamp,
        error::Error,
        principal::Principal,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            sessions::{self, SessionRecord},
            users,
        },
    },
};

/// Sessions that are shown at the most: a person has a handful.
pub const MAX_SHOWN: i64 = 1000;
/// Longest name of a session, in characters.
const MAX_NAME: usize = 60;

/// The live sessions of an account, the newest first. `current` is the one that asks.
pub async fn list(
    state: &AppState,
    now: Timestamp,
    user: &UserId,
    current: Option<&SessionId>,
) -> Result<Vec<SessionSummary>, Error> {
    let mut reader = state.store.read().await?;
    let sessions = sessions::live_of_user(&mut reader, user, now, MAX_SHOWN).await?;
    Ok(sessions.into_iter().map(|session| summary(session, current)).collect())
}

fn summary(session: SessionRecord, current: Option<&SessionId>) -> SessionSummary {
    SessionSummary {
        current: current == Some(&session.id),
        id: session.id,
        name: session.name,
        device: device_name(&session.user_agent),
        ip: session.ip,
        created_at: session.created_at.to_utc(),
        last_seen_at: session.last_seen_at.to_utc(),
        expires_at: session.idle_expires_at.min(session.absolute_expires_at).to_utc(),
        new_device: session.new_device,
        new_network: session.new_network,
    }
}

/// The session of that id, if it is the principal's own and live. Another person's is not found.
async fn lock_own(
    change: &mut Change<'_>,
    principal: &Principal,
    id: &SessionId,
) -> Result<SessionRecord, Error> {
    let now = change.context.now;
    let session = sessions::lock_by_id(change.tx(), id).await?;
    session.filter(|session| session.user_id == principal.user && session.is_live(now)).ok_or(Error::NotFound)
}

/// Gives a session a name, and returns it; an empty one takes it away.
pub async fn rename(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    id: &SessionId,
    name: &str,
) -> Result<Option<String>, Error> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("A name has at most {MAX_NAME} characters.")));
    }
    if has_hidden_characters(name) {
        return Err(Error::invalid("name", "A name can't contain control or invisible characters."));
    }
    state.rate_limiter.check_change(&principal.user)?;
    let mut change = Change::begin(state, context).await?;
    lock_own(&mut change, principal, id).await?;
    let name = Some(name).filter(|name| !name.is_empty());
    sessions::set_name(change.tx(), id, name).await?;
    change
        .record(Event::new(EventKind::SessionNamed).by(&principal.user).about(&principal.user).of(id))
        .await?;
    change.commit().await?;
    Ok(name.map(str::to_owned))
}

/// Revokes one of the principal's sessions.
pub async fn revoke_own(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    id: &SessionId,
) -> Result<(), Error> {
    let reason =
        if *id == principal.session { SignOutReason::SignedOut } else { SignOutReason::EndedElsewhere };
    let mut change = Change::begin(state, context).await?;
    let session = lock_own(&mut change, principal, id).await?;
    let event = Event::new(EventKind::SessionEnded).by(&principal.user).about(&principal.user);
    revoke(&mut change, &session, reason, event).await?;
    Ok(change.commit().await?)
}

/// Revokes all of the principal's sessions but the one that asks. Returns how many.
pub async fn revoke_others(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
) -> Result<u64, Error> {
    let (actor, kept) = (Some(&principal.user), Some(&principal.session));
    let mut change = Change::begin(state, context).await?;
    let mut user = users::lock_by_id(change.tx(), &principal.user).await?.ok_or(Error::NotFound)?;
    let reason = SignOutReason::EndedElsewhere;
    let revoked = revoke_all_except(&mut change, &mut user, actor, reason, kept).await?;
    change.commit().await?;
    Ok(count(&revoked))
}
