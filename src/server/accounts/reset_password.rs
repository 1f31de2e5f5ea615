//! Resetting a forgotten password, on a link that works once: it is mailed to the address of the account, or an
//! administrator hands it over, who never sees the password.

use std::time::Duration;

use super::links::NewLink;
use crate::{
    model::{email::EmailAddress, id::UserId, local_path::LocalPath, session::SignOutReason},
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        mail::{Portal, link, notice::Notice},
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
    let expires_at = context.now + LIFETIME;
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    if !user.is_enabled() {
        return Err(Error::AccountDisabled);
    }
    let path = store_link(&mut change, &user, None).await?;
    change.record(Event::new(EventKind::PasswordResetRequested).about(id).maybe_by(actor)).await?;
    change.notify(&user, Notice::PasswordResetByAdmin).await?;
    change.commit().await?;
    Ok(ResetLink { user, path, expires_at })
}

/// Has a link mailed to an address. Nothing happens unless it is that of an enabled account. Its owner goes on to `next`.
pub(super) async fn mail_link(
    state: &AppState,
    change: &mut Change<'_>,
    email: &EmailAddress,
    next: &LocalPath,
) -> Result<(), Error> {
    let Some(user) = users::lock_enabled_by_email(change.tx(), email).await? else { return Ok(()) };
    let path = store_link(change, &user, Some(&user.email)).await?;
    change.record(Event::new(EventKind::PasswordResetRequested).about(&user.id)).await?;
    let mail = link::password_reset(Portal::of(&state.config), (&path, next), &user.email, LIFETIME);
    change.mail(&user.email, Some(&user.id), mail).await
}

/// Stores a link instead of the one before. Returns its path.
async fn store_link(
    change: &mut Change<'_>,
    user: &User,
    email: Option<&EmailAddress>,
) -> Result<String, Error> {
    let (purpose, expires_at) = (Purpose::PasswordReset, change.context.now + LIFETIME);
    one_time_tokens::delete_of_user(change.tx(), purpose, &user.id).await?;
    let entropy = change.entropy();
    NewLink { purpose, user: Some(&user.id), email, asker: None, expires_at }
        .store(change.tx(), entropy)
        .await
}

/// Whose password a link resets, if it works.
pub async fn find(state: &AppState, now: Timestamp, token: &str) -> Result<Option<User>, Error> {
    let mut reader = state.store.read().await?;
    let Some(target) = target(&mut reader, now, token).await? else { return Ok(None) };
    Ok(users::by_id(&mut reader, &target.user).await?.filter(|user| target.is_for(user)))
}

/// Whom a link is for.
struct Target {
    user: UserId,
    /// Where it was mailed to, if it was.
    email: Option<EmailAddress>,
}

impl Target {
    /// A link that was mailed ends with the address that it was mailed to (CVE-2026-115770).
    fn is_for(&self, user: &User) -> bool {
        user.is_enabled()
            && user.id == self.user
            && self.email.as_ref().is_none_or(|email| *email == user.email)
    }
}

async fn target(db: &mut impl Queryable, now: Timestamp, token: &str) -> Result<Option<Target>, Error> {
    let found = one_time_tokens::find(db, Purpose::PasswordReset, &one_time::hash(token)).await?;
    let Some(link) = found.filter(|found| found.is_live(now)) else { return Ok(None) };
    let email = link.email()?;
    Ok(link.user_id()?.map(|user| Target { user, email }))
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
    let rules = &state.config.password_rules;
    rules::require(rules, "password", password, &user.email, Some(&user.display_name)).await?;
    let hash = state.passwords.hash(Turn::other(context.client), password, &state.entropy).await?;
    let mut change = Change::begin(state, context).await?;
    let mut user = users::lock_by_id(change.tx(), &user.id).await?.ok_or(Error::ResetClosed)?;
    // While the hash was computed the link may have been used, or another have been made.
    let target = target(change.tx(), context.now, token).await?.filter(|target| target.is_for(&user));
    let target = target.ok_or(Error::ResetClosed)?;
    // Whoever has taken the account over must not be able to keep its owner from putting the old address back.
    one_time_tokens::delete_of_user_except(change.tx(), &user.id, Purpose::EmailRevert).await?;
    if target.email.is_some() && user.email_verified_at.is_none() {
        users::set_email_verified(change.tx(), &user.id, Some(context.now)).await?;
        change.record(Event::new(EventKind::EmailVerified).about(&user.id)).await?;
    }
    users::set_password_hash(change.tx(), &user.id, &hash).await?;
    change.record(Event::new(EventKind::PasswordReset).about(&user.id)).await?;
    revoke_all_except(&mut change, &mut user, None, SignOutReason::PasswordChanged, None).await?;
    change.notify(&user, Notice::PasswordChanged).await?;
    Ok(change.commit().await?)
}
