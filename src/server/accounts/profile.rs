//! One's own account.

use std::sync::Arc;

use crate::{
    model::{display_name::DisplayName, id::UserId, profile::Profile},
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
    },
};

/// The account of `id`. One that is gone is a token that should not have worked.
pub async fn get(state: &AppState, id: &UserId) -> Result<User, Error> {
    state.loader.user(id).await?.ok_or(Error::NotFound)
}

/// The same as its owner sees it, from memory where that can't be out of date.
pub async fn show(state: &AppState, id: &UserId) -> Result<Arc<Profile>, Error> {
    state.loader.profile(id).await?.ok_or(Error::NotFound)
}

/// Changes the name that a person goes by.
pub async fn rename(
    state: &AppState,
    context: ActionContext<'_>,
    id: &UserId,
    name: DisplayName,
) -> Result<User, Error> {
    state.rate_limiter.check_change(id)?;
    let mut change = Change::begin(state, context).await?;
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    if user.display_name == name {
        return Ok(user);
    }
    users::set_display_name(change.tx(), id, &name).await?;
    change.record(Event::new(EventKind::ProfileChanged).by(id).about(id)).await?;
    change.commit().await?;
    user.display_name = name;
    Ok(user)
}
