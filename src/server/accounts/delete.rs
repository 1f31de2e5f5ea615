//! Deleting an account.

use serde_json::json;

use super::{Password, lockout::refuse_last_admin, own_password, profile};
use crate::{
    model::{id::UserId, session::SignOutReason},
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        principal::Principal,
        sessions::own::Ending,
        state::State,
        store::users,
    },
};

/// Deletes one's own account, with the password.
pub async fn delete_own(
    state: &State,
    context: Context<'_>,
    principal: &Principal,
    password: &Password,
) -> Result<(), Error> {
    let asked = ("password", EventKind::ReauthenticationFailed);
    let user = profile::get(state, &principal.user).await?;
    own_password::confirm(state, context, principal, &user, password, asked).await?;
    delete(state, context, Some(&principal.user), &principal.user).await
}

/// Deletes an account: address, name, password hash, sessions. What happened to it stays in the audit log, under its id.
pub async fn delete(
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    refuse_last_admin(&mut tx, id).await?;
    let user = users::lock_by_id(&mut tx, id).await?.ok_or(Error::NotFound)?;
    // Their access tokens are refused at once, and not only when they expire.
    let ending = Ending { actor, user: id, reason: SignOutReason::AccountDeleted };
    let changes = ending.all_but(state, &mut tx, context, None).await?;
    users::delete(&mut tx, id).await?;
    let detail = json!({ "roles": user.roles.to_string() });
    let event =
        Event { actor: actor.cloned(), ..Event::new(EventKind::AccountDeleted).about(id).with(detail) };
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    state.deny(context.now, changes);
    Ok(())
}
