//! What an administrator does with an account: stop it, let it go on, end its sessions.

use super::lockout::refuse_last_admin;
use crate::{
    model::{id::UserId, session::SignOutReason},
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        sessions::own::Ending,
        state::State,
        store::users::{self, User},
    },
};

/// Stops an account. Its sessions and access tokens end at once. An account that is stopped already stays so.
pub async fn disable(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    let mut tx = state.store.begin().await?;
    refuse_last_admin(&mut tx, id).await?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if !user.is_enabled() {
        return Ok(user);
    }
    user.disabled_at = Some(context.now);
    users::set_disabled(&mut tx, id, user.disabled_at).await?;
    let ending = Ending { actor, user: id, reason: SignOutReason::AccountClosed };
    let changes = ending.all_but(state, &mut tx, context, None).await?;
    let event = Event { actor: actor.cloned(), ..Event::new(EventKind::AccountDisabled).about(id) };
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    state.deny(context.now, changes);
    Ok(user)
}

/// Lets an account go on. Nobody is signed in by it.
pub async fn enable(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    let mut tx = state.store.begin().await?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if user.is_enabled() {
        return Ok(user);
    }
    user.disabled_at = None;
    users::set_disabled(&mut tx, id, None).await?;
    let event = Event { actor: actor.cloned(), ..Event::new(EventKind::AccountEnabled).about(id) };
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    Ok(user)
}

/// Ends all sessions of an account. Returns how many.
pub async fn revoke_sessions(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<u64, Error> {
    let mut tx = state.store.begin().await?;
    users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let ending = Ending { actor, user: id, reason: SignOutReason::EndedByAdmin };
    let changes = ending.all_but(state, &mut tx, context, None).await?;
    tx.commit().await?;
    let count = changes.len() as u64;
    state.deny(context.now, changes);
    Ok(count)
}
