//! Deleting an account.

use serde_json::json;

use super::{confirm_password, last_admin::refuse_last_admin, profile, recent};
use crate::{
    model::{id::UserId, session::SignOutReason},
    server::{
        authentication::factors::Factors,
        change::Change,
        client_info::ActionContext,
        error::Error,
        passwords::Password,
        principal::Principal,
        sessions::revoke::{refuse_tokens, revoke_all_except},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users,
        },
    },
};

/// Deletes one's own account: with the password, or with a recent proof if the account has none; and with a recent second
/// step, if the account has one.
pub async fn delete_own(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    password: Option<&Password>,
) -> Result<(), Error> {
    let asked = ("password", EventKind::ReauthenticationFailed);
    let user = profile::get(state, &principal.user).await?;
    match password {
        Some(password) => {
            confirm_password::confirm(state, context, principal, &user, password, asked).await?;
        }
        None if user.password_hash.is_some() => {
            return Err(Error::invalid("password", "Enter your password."));
        }
        None => recent::require_proof(principal, context.now)?,
    }
    let factors = Factors::of(&mut state.store.read().await?, &user.id).await?;
    recent::require(principal, factors, context.now)?;
    delete(state, context, Some(&principal.user), &principal.user).await
}

/// Deletes an account: address, name, password hash, sessions. What happened to it stays in the audit log, under its id.
pub async fn delete(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    refuse_last_admin(change.tx(), id).await?;
    let mut user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    // Their access tokens are refused at once, and not only when they expire.
    let reason = SignOutReason::AccountDeleted;
    let revoked = revoke_all_except(&mut change, &mut user, actor, reason, None).await?;
    refuse_tokens(&mut change, &revoked);
    users::delete(change.tx(), id).await?;
    let detail = json!({ "roles": user.roles.to_string() });
    let event = Event::new(EventKind::AccountDeleted).about(id).with(detail).maybe_by(actor);
    change.record(event).await?;
    change.commit().await?;
    Ok(())
}
