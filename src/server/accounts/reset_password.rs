//! Resetting a forgotten password: an administrator makes a link that works once, and its owner chooses a new password
//! on it. The administrator never sees the password.

use std::time::Duration;

use crate::{
    model::{id::UserId, session::SignOutReason},
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        mail::notice::Notice,
        passwords::{Password, hasher::Turn, rules},
        sessions::revoke::revoke_all_except,
        state::AppState,
        store::{
            Queryable,
            audit::{Event, EventKind},
            one_time_tokens::{self, Purpose},
            users::{self, User},
        },
        tokens::one_time,
    },
};

/// How long the link works.
pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// A link that was just made. It is shown once.
#[derive(Debug)]
pub struct ResetLink {
    pub user: User,
    /// Its path.
    pub path: String,
    pub expires_at: Timestamp,
}

/// Makes a link for an account. One that was made before works no more. The password and the sessions stay as they are
/// until the link is used.
pub async fn create_link(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &UserId,
) -> Result<ResetLink, Error> {
    let (token, token_hash) = one_time::generate(&state.entropy)?;
    let expires_at = context.now + LIFETIME;
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    if !user.is_enabled() {
        return Err(Error::AccountDisabled);
    }
    one_time_tokens::delete_of_user(change.tx(), Purpose::PasswordReset, id).await?;
    one_time_tokens::insert(change.tx(), Purpose::PasswordReset, &token_hash, Some(id), expires_at).await?;
    change.record(Event::new(EventKind::PasswordResetRequested).about(id).maybe_by(actor)).await?;
    change.notify(&user, Notice::PasswordResetByAdmin).await?;
    change.commit().await?;
    Ok(ResetLink { user, path: format!("/reset?token={token}"), expires_at })
}

/// Whose password a link resets, if it works.
pub async fn find(state: &AppState, now: Timestamp, token: &str) -> Result<Option<User>, Error> {
    let mut reader = state.store.read().await?;
    let Some(id) = owner(&mut reader, now, token).await? else { return Ok(None) };
    Ok(users::by_id(&mut reader, &id).await?.filter(User::is_enabled))
}

async fn owner(db: &mut impl Queryable, now: Timestamp, token: &str) -> Result<Option<UserId>, Error> {
    let found = one_time_tokens::find(db, Purpose::PasswordReset, &one_time::hash(token)).await?;
    Ok(found.filter(|found| found.is_live(now)).map(|found| found.user_id()).transpose()?.flatten())
}

/// Sets the password that the owner of a link has chosen. All sessions of the account are revoked, and nobody is signed
/// in: whoever has the link only knows the new password.
pub async fn reset(
    state: &AppState,
    context: ActionContext<'_>,
    token: &str,
    password: &Password,
) -> Result<(), Error> {
    state.rate_limiter.check_network(context)?;
    let user = find(state, context.now, token).await?.ok_or(Error::ResetClosed)?;
    rules::check(password.as_str(), &user.email, Some(&user.display_name))
        .map_err(|problem| Error::invalid("password", problem))?;
    let hash = state.passwords.hash(Turn::other(context.client), password, &state.entropy).await?;
    let mut change = Change::begin(state, context).await?;
    let locked = users::lock_by_id(change.tx(), &user.id).await?.filter(User::is_enabled);
    let mut user = locked.ok_or(Error::ResetClosed)?;
    // While the hash was computed the link may have been used, or another have been made.
    if owner(change.tx(), context.now, token).await? != Some(user.id.clone()) {
        return Err(Error::ResetClosed);
    }
    for purpose in [Purpose::PasswordReset, Purpose::Invitation] {
        one_time_tokens::delete_of_user(change.tx(), purpose, &user.id).await?;
    }
    users::set_password_hash(change.tx(), &user.id, &hash).await?;
    change.record(Event::new(EventKind::PasswordReset).about(&user.id)).await?;
    revoke_all_except(&mut change, &mut user, None, SignOutReason::PasswordChanged, None).await?;
    change.notify(&user, Notice::PasswordChanged).await?;
    Ok(change.commit().await?)
}
