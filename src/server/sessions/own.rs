//! A person's own sessions: seeing, naming and ending them.

use crate::{
    model::{
        id::{SessionId, UserId},
        session::{SessionItem, SignOutReason},
    },
    server::{
        audit::{Event, EventKind},
        clock::Timestamp,
        error::Error,
        origin::Context,
        principal::Principal,
        state::State,
        store::{
            Tx,
            changes::Change,
            sessions::{self, SessionRecord},
        },
    },
};

/// Sessions that are shown, and ended at once, at the most: a person has a handful.
pub const MOST: i64 = 1000;
/// Longest name of a session, in characters.
const MAX_NAME: usize = 60;

/// The live sessions of an account, the newest first. `current` is the one that asks.
pub async fn list(
    state: &State,
    now: Timestamp,
    user: &UserId,
    current: Option<&SessionId>,
) -> Result<Vec<SessionItem>, Error> {
    let mut reader = state.store.read().await?;
    let sessions = sessions::live_of_user(&mut reader, user, now, MOST).await?;
    Ok(sessions.into_iter().map(|session| item(session, current)).collect())
}

fn item(session: SessionRecord, current: Option<&SessionId>) -> SessionItem {
    SessionItem {
        current: current == Some(&session.id),
        id: session.id,
        name: session.name,
        device: super::device::device_name(&session.user_agent),
        ip: session.ip,
        created_at: session.created_at.to_utc(),
        last_seen_at: session.last_seen_at.to_utc(),
        expires_at: session.idle_expires_at.min(session.absolute_expires_at).to_utc(),
    }
}

/// The session of that id, if it is the principal's own and live. Another person's is not found.
async fn lock_own(
    tx: &mut Tx,
    context: Context<'_>,
    principal: &Principal,
    id: &SessionId,
) -> Result<SessionRecord, Error> {
    let session = sessions::lock_by_id(tx, id).await?;
    session
        .filter(|session| session.user_id == principal.user && session.is_live(context.now))
        .ok_or(Error::NotFound)
}

/// Gives a session a name; an empty one takes it away.
pub async fn rename(
    state: &State,
    context: Context<'_>,
    principal: &Principal,
    id: &SessionId,
    name: &str,
) -> Result<(), Error> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("A name has at most {MAX_NAME} characters.")));
    }
    if name.chars().any(|c| c.is_control() || crate::model::text::is_deceptive(c)) {
        return Err(Error::invalid("name", "A name can't contain control or invisible characters."));
    }
    let mut tx = state.store.begin().await?;
    lock_own(&mut tx, context, principal, id).await?;
    sessions::set_name(&mut tx, id, Some(name).filter(|name| !name.is_empty())).await?;
    let event = Event::new(EventKind::SessionNamed).by(&principal.user).about(&principal.user).of(id);
    crate::server::audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends one of the principal's sessions.
pub async fn revoke(
    state: &State,
    context: Context<'_>,
    principal: &Principal,
    id: &SessionId,
) -> Result<(), Error> {
    let reason =
        if *id == principal.session { SignOutReason::SignedOut } else { SignOutReason::EndedElsewhere };
    let mut tx = state.store.begin().await?;
    let session = lock_own(&mut tx, context, principal, id).await?;
    let event = Event::new(EventKind::SessionEnded).by(&principal.user).about(&principal.user);
    let change = super::end::revoke(state, &mut tx, context, &session, reason, event).await?;
    tx.commit().await?;
    state.deny(context.now, change);
    Ok(())
}

/// Ends all of the principal's sessions but the one that asks. Returns how many.
pub async fn revoke_others(state: &State, context: Context<'_>, principal: &Principal) -> Result<u64, Error> {
    let mut tx = state.store.begin().await?;
    let ending =
        Ending { actor: Some(&principal.user), user: &principal.user, reason: SignOutReason::EndedElsewhere };
    let changes = ending.all_but(state, &mut tx, context, Some(&principal.session)).await?;
    tx.commit().await?;
    let count = changes.len() as u64;
    state.deny(context.now, changes);
    Ok(count)
}

/// Ending many sessions of one account: whose, who does it, and why.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    pub actor: Option<&'a UserId>,
    pub user: &'a UserId,
    pub reason: SignOutReason,
}

impl Ending<'_> {
    /// Ends them within a transaction, each with its event. Returns what to take over once it is committed.
    pub async fn all_but(
        self,
        state: &State,
        tx: &mut Tx,
        context: Context<'_>,
        kept: Option<&SessionId>,
    ) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for session in sessions::live_of_user(tx, self.user, context.now, i64::MAX).await? {
            if Some(&session.id) == kept {
                continue;
            }
            let event =
                Event { actor: self.actor.cloned(), ..Event::new(EventKind::SessionEnded).about(self.user) };
            changes.extend(super::end::revoke(state, tx, context, &session, self.reason, event).await?);
        }
        Ok(changes)
    }
}
