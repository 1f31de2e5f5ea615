//! Whether an address is known to be its owner's. Whoever uses a link that was mailed to it proves it. Without that, an
//! administrator who knows the person can vouch for it. Apps are told, and some let in nobody else.

use crate::{
    model::id::UserId,
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
    },
};

/// Vouches for the address of an account.
pub async fn vouch(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    set_verified(state, context, actor, id, Some(context.now)).await
}

/// Takes that back.
pub async fn withdraw(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<User, Error> {
    set_verified(state, context, actor, id, None).await
}

async fn set_verified(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
    verified_at: Option<Timestamp>,
) -> Result<User, Error> {
    let mut change = Change::begin(state, context).await?;
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    if user.email_verified_at.is_some() == verified_at.is_some() {
        return Ok(user);
    }
    users::set_email_verified(change.tx(), id, verified_at).await?;
    let kind = if verified_at.is_some() { EventKind::EmailVerified } else { EventKind::EmailUnverified };
    change.record(Event::new(kind).about(id).maybe_by(actor)).await?;
    change.commit().await?;
    user.email_verified_at = verified_at;
    Ok(user)
}
