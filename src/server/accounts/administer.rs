//! What an administrator does with an account: stop it, let it go on, end its sessions.

use super::last_admin::refuse_last_admin;
use crate::{
    model::{id::UserId, session::SignOutReason},
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        sessions::revoke::{count, revoke_all_except},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
    },
};

/// Stops an account. Its sessions and access tokens end at once. An account that is stopped already stays so.
pub async fn disable(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    set_disabled(state, context, actor, id, Some(context.now)).await
}

/// Lets an account go on. Nobody is signed in by it.
pub async fn enable(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    set_disabled(state, context, actor, id, None).await
}

async fn set_disabled(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
    disabled_at: Option<Timestamp>,
) -> Result<User, Error> {
    let mut change = Change::begin(state, context).await?;
    if disabled_at.is_some() {
        refuse_last_admin(change.tx(), id).await?;
    }
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    if user.is_enabled() == disabled_at.is_none() {
        return Ok(user);
    }
    user.disabled_at = disabled_at;
    users::set_disabled(change.tx(), id, disabled_at).await?;
    // A disabled account that is enabled has none.
    revoke_all_except(&mut change, &mut user, actor, SignOutReason::AccountClosed, None).await?;
    let kind = if disabled_at.is_some() { EventKind::AccountDisabled } else { EventKind::AccountEnabled };
    change.record(Event::new(kind).about(id).maybe_by(actor)).await?;
    change.commit().await?;
    Ok(user)
}

/// Ends all sessions of an account. Returns how many.
pub async fn revoke_sessions(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<u64, Error> {
    let mut change = Change::begin(state, context).await?;
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    let reason = SignOutReason::EndedByAdmin;
    let revoked = revoke_all_except(&mut change, &mut user, actor, reason, None).await?;
    change.commit().await?;
    Ok(count(&revoked))
}
