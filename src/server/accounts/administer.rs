//! What an administrator does with an account: stop it, let it go on, end its sessions.

use super::lockout::refuse_last_admin;
use crate::{
    model::{id::UserId, session::SignOutReason},
    server::{
        audit::{self, Event, EventKind},
        clock::Timestamp,
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
    set_disabled(state, context, actor, id, Some(context.now)).await
}

/// Lets an account go on. Nobody is signed in by it.
pub async fn enable(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    set_disabled(state, context, actor, id, None).await
}

async fn set_disabled(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
    disabled_at: Option<Timestamp>,
) -> Result<User, Error> {
    let mut tx = state.store.begin().await?;
    if disabled_at.is_some() {
        refuse_last_admin(&mut tx, id).await?;
    }
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if user.is_enabled() == disabled_at.is_none() {
        return Ok(user);
    }
    user.disabled_at = disabled_at;
    users::set_disabled(&mut tx, id, disabled_at).await?;
    // One that is let go on has none.
    let ending = Ending { actor, user: id, reason: SignOutReason::AccountClosed };
    let changes = ending.all_but(state, &mut tx, context, None).await?;
    let kind = if disabled_at.is_some() { EventKind::AccountDisabled } else { EventKind::AccountEnabled };
    audit::record(&mut tx, context, Event { actor: actor.cloned(), ..Event::new(kind).about(id) }).await?;
    tx.commit().await?;
    state.deny(context.now, changes);
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
