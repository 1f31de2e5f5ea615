//! Who may do what.

use serde_json::json;

use super::lockout::refuse_last_admin;
use crate::{
    model::{
        id::UserId,
        role::{Role, Roles},
    },
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        state::State,
        store::{
            changes::{self, Change},
            users::{self, User},
        },
    },
};

/// Gives an account these roles and no others. What its access tokens say is stale from then on; nobody is signed out.
pub async fn set_roles(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
    roles: Roles,
) -> Result<User, Error> {
    let mut tx = state.store.begin().await?;
    if !roles.contains(Role::Admin) {
        refuse_last_admin(&mut tx, id).await?;
    }
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if user.roles == roles {
        return Ok(user);
    }
    let detail = json!({ "from": user.roles.to_string(), "to": roles.to_string() });
    user.roles = roles;
    user.token_epoch += 1;
    users::set_roles(&mut tx, &user).await?;
    let change = Change::AccountChanged { user: user.id.clone(), epoch: user.token_epoch };
    changes::insert(&mut tx, &change, state.denied_until(context.now)).await?;
    let event = Event { actor: actor.cloned(), ..Event::new(EventKind::RolesChanged).about(id).with(detail) };
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    state.deny(context.now, [change]);
    Ok(user)
}
