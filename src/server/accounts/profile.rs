//! One's own account.

use crate::{
    model::{display_name::DisplayName, id::UserId},
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        state::State,
        store::{users, users::User},
    },
};

/// The account of `id`. One that is gone is a token that should not have worked.
pub async fn get(state: &State, id: &UserId) -> Result<User, Error> {
    let mut reader = state.store.read().await?;
    users::by_id(&mut reader, id).await?.ok_or(Error::NotFound)
}

/// Changes the name that a person goes by.
pub async fn rename(
    state: &State,
    context: Context<'_>,
    id: &UserId,
    name: DisplayName,
) -> Result<User, Error> {
    let mut tx = state.store.begin().await?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if user.display_name == name {
        return Ok(user);
    }
    users::set_display_name(&mut tx, id, &name).await?;
    audit::record(&mut tx, context, Event::new(EventKind::ProfileChanged).by(id).about(id)).await?;
    tx.commit().await?;
    user.display_name = name;
    Ok(user)
}
