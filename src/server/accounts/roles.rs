//! Who may do what.

use serde_json::json;

use super::last_admin::refuse_last_admin;
use crate::{
    model::{
        id::UserId,
        role::{Role, Roles},
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        sessions::revoke::refuse_older_tokens,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
    },
};

/// Gives an account these roles and no others. What its access tokens say is stale from then on; nobody is signed out.
pub async fn set_roles(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
    roles: Roles,
) -> Result<User, Error> {
    let mut change = Change::begin(state, context).await?;
    if !roles.contains(Role::Admin) {
        refuse_last_admin(change.tx(), id).await?;
    }
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    change_roles(&mut change, actor, &mut user, roles).await?;
    change.commit().await?;
    Ok(user)
}

/// The same for an account that is held by `change`, once it is known that an administrator remains.
pub async fn change_roles(
    change: &mut Change<'_>,
    actor: Option<&UserId>,
    user: &mut User,
    roles: Roles,
) -> Result<(), Error> {
    if user.roles == roles {
        return Ok(());
    }
    let detail = json!({ "from": user.roles.to_string(), "to": roles.to_string() });
    user.roles = roles;
    users::set_roles(change.tx(), user).await?;
    refuse_older_tokens(change, user).await?;
    let event = Event::new(EventKind::RolesChanged).about(&user.id).with(detail).maybe_by(actor);
    Ok(change.record(event).await?)
}
