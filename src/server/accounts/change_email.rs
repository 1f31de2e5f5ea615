//! Changing the address of an account: nothing changes until a link is used that was mailed to the new one. Then the old
//! one is mailed a link that puts it back, for whoever was not asked.

use std::time::Duration;

use serde_json::json;

use super::{factors, links::NewLink, mail_request, parse_new_address, profile};
use crate::{
    model::{
        email::EmailAddress, id::UserId, local_path::LocalPath, profile::PendingEmail, session::SignOutReason,
    },
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        mail::{Portal, link, notice::Notice},
        passwords::{Password, hasher::Turn, rules},
        principal::Principal,
        sessions::revoke::revoke_all_except,
        state::AppState,
        store::{
            Queryable,
            audit::{Event, EventKind},
            one_time_tokens::{self, OneTimeToken, Purpose},
            users::{self, User},
        },
        tokens::one_time,
    },
};

/// How long the link to the new address works.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How long the old address can be put back.
pub const REVERT_LIFETIME: Duration = Duration::from_secs(7 * 86_400);

/// Mails a link to the address that the account is to have, or to its own, if that is not confirmed yet. To an address
/// that has another account, it mails that instead: whoever asks is not told, and sees the same in their account.
pub async fn ask(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    email: &str,
) -> Result<(), Error> {
    if state.config.mail.is_none() {
        return Err(Error::NoMail);
    }
    let email = parse_new_address(email).map_err(|problem| Error::invalid("email", problem))?;
    let user = profile::get(state, &principal.user).await?;
    if user.email == email && user.email_verified_at.is_some() {
        return Err(Error::invalid("email", "This is your address already, and it is confirmed."));
    }
    let mut change = Change::begin(state, context).await?;
    let user = factors::lock(&mut change, principal).await?;
    if !mail_request::count_for(state, &mut change, &email).await? {
        return Err(Error::TooManyAttempts { seconds: 60 });
    }
    change.record(Event::new(EventKind::EmailChangeRequested).by(&user.id).about(&user.id)).await?;
    mail_link(state, &mut change, &user, &email).await?;
    Ok(change.commit().await?)
}

async fn mail_link(
    state: &AppState,
    change: &mut Change<'_>,
    user: &User,
    email: &EmailAddress,
) -> Result<(), Error> {
    let portal = Portal::of(&state.config);
    let other = users::by_email(change.tx(), email).await?.filter(|other| other.id != user.id);
    let expires_at = change.context.now + LIFETIME;
    let (purpose, user_id) = (Purpose::EmailChange, &user.id);
    one_time_tokens::delete_of_user(change.tx(), purpose, user_id).await?;
    let link = NewLink { purpose, user: Some(user_id), email: Some(email), asker: None, expires_at };
    // Stored for an address with another account too, and told to nobody then: it makes the address a pending one.
    let path = link.store(change.tx(), &state.entropy).await?;
    match other {
        Some(other) => {
            let mail = link::account_exists(portal, &other.email, &LocalPath::default());
            change.mail(&other.email, Some(&other.id), mail).await
        }
        None => {
            change.mail(email, Some(user_id), link::confirm_email(portal, &path, &user.email, LIFETIME)).await
        }
    }
}

/// The address that somebody has asked for and not confirmed yet.
pub async fn pending(state: &AppState, now: Timestamp, user: &UserId) -> Result<Option<PendingEmail>, Error> {
    let mut reader = state.store.read().await?;
    let found = one_time_tokens::pending(&mut reader, Purpose::EmailChange, user, now).await?;
    Ok(found.map(|(email, expires_at)| PendingEmail { email, expires_at: expires_at.to_utc() }))
}

/// An account and an address, which a link brings together.
#[derive(Debug)]
pub struct Proposed {
    pub user: User,
    pub email: EmailAddress,
}

/// What a link to confirm an address is about, if it works.
pub async fn proposed(state: &AppState, now: Timestamp, token: &str) -> Result<Option<Proposed>, Error> {
    find(state, now, Purpose::EmailChange, token).await
}

/// What a link to put an address back is about, if it works.
pub async fn revertible(state: &AppState, now: Timestamp, token: &str) -> Result<Option<Proposed>, Error> {
    find(state, now, Purpose::EmailRevert, token).await
}

async fn find(
    state: &AppState,
    now: Timestamp,
    purpose: Purpose,
    token: &str,
) -> Result<Option<Proposed>, Error> {
    let mut reader = state.store.read().await?;
    let Some((id, email)) = target(&mut reader, now, purpose, token).await? else { return Ok(None) };
    let user = users::by_id(&mut reader, &id).await?.filter(User::is_enabled);
    Ok(user.map(|user| Proposed { user, email }))
}

async fn target(
    db: &mut impl Queryable,
    now: Timestamp,
    purpose: Purpose,
    token: &str,
) -> Result<Option<(UserId, EmailAddress)>, Error> {
    let found = one_time_tokens::find(db, purpose, &one_time::hash(token)).await?;
    let Some(link) = found.filter(|found: &OneTimeToken| found.is_live(now)) else { return Ok(None) };
    Ok(link.user_id()?.zip(link.email()?))
}

/// The account of a link, held for this transaction, and the link's address. Whoever uses it meanwhile is too late.
async fn lock(change: &mut Change<'_>, purpose: Purpose, token: &str) -> Result<Proposed, Error> {
    let now = change.context.now;
    let (id, _) = target(change.tx(), now, purpose, token).await?.ok_or(Error::LinkClosed)?;
    let user = users::lock_by_id(change.tx(), &id).await?.filter(User::is_enabled);
    let user = user.ok_or(Error::LinkClosed)?;
    let (_, email) = target(change.tx(), now, purpose, token).await?.ok_or(Error::LinkClosed)?;
    Ok(Proposed { user, email })
}

/// Gives the account the address that the link was mailed to. Nobody is signed in by it, and no account becomes part of
/// another.
pub async fn confirm(state: &AppState, context: ActionContext<'_>, token: &str) -> Result<(), Error> {
    state.rate_limiter.check_network(context)?;
    let mut change = Change::begin(state, context).await?;
    let Proposed { user: before, email } = lock(&mut change, Purpose::EmailChange, token).await?;
    let user = set_address(&mut change, &before, email).await?;
    if user.email != before.email {
        change.record(Event::new(EventKind::EmailChanged).about(&user.id)).await?;
        change.notify(&user, Notice::EmailChanged).await?;
        // An address that nobody has proved to be theirs must not become a way into the account.
        if before.email_verified_at.is_some() {
            offer_revert(state, &mut change, &before).await?;
        }
    }
    Ok(change.commit().await?)
}

/// Writes an address that its owner has proved, and takes back the links that were for another one.
async fn set_address(change: &mut Change<'_>, before: &User, email: EmailAddress) -> Result<User, Error> {
    let now = change.context.now;
    one_time_tokens::delete_of_user_except(change.tx(), &before.id, Purpose::EmailRevert).await?;
    if !users::set_email(change.tx(), &before.id, &email).await? {
        return Err(Error::EmailTaken);
    }
    users::set_email_verified(change.tx(), &before.id, Some(now)).await?;
    users::raise_credential_epoch(change.tx(), &before.id).await?;
    let detail = json!({ "by": "link" });
    change.record(Event::new(EventKind::EmailVerified).about(&before.id).with(detail)).await?;
    Ok(User { email, email_verified_at: Some(now), ..before.clone() })
}

/// Mails the old address a link that puts it back.
async fn offer_revert(state: &AppState, change: &mut Change<'_>, before: &User) -> Result<(), Error> {
    let expires_at = change.context.now + REVERT_LIFETIME;
    let (purpose, email) = (Purpose::EmailRevert, Some(&before.email));
    let link = NewLink { purpose, user: Some(&before.id), email, asker: None, expires_at };
    let path = link.store(change.tx(), &state.entropy).await?;
    let mail = link::email_changed(Portal::of(&state.config), &path, &before.email, REVERT_LIFETIME);
    change.mail(&before.email, Some(&before.id), mail).await
}

/// Puts the old address back, with a new password: all sessions end, and every link of the account.
pub async fn restore(
    state: &AppState,
    context: ActionContext<'_>,
    token: &str,
    password: &Password,
) -> Result<(), Error> {
    state.rate_limiter.check_network(context)?;
    let Proposed { user, email } = revertible(state, context.now, token).await?.ok_or(Error::LinkClosed)?;
    let rules = &state.config.password_rules;
    rules::require(rules, "password", password, &email, Some(&user.display_name)).await?;
    let hash = state.passwords.hash(Turn::other(context.client), password, &state.entropy).await?;
    let mut change = Change::begin(state, context).await?;
    let Proposed { user: before, email } = lock(&mut change, Purpose::EmailRevert, token).await?;
    let mut user = set_address(&mut change, &before, email).await?;
    one_time_tokens::delete_of_user(change.tx(), Purpose::EmailRevert, &user.id).await?;
    users::set_password_hash(change.tx(), &user.id, &hash).await?;
    change.record(Event::new(EventKind::EmailRestored).about(&user.id)).await?;
    revoke_all_except(&mut change, &mut user, None, SignOutReason::PasswordChanged, None).await?;
    change.notify(&user, Notice::PasswordChanged).await?;
    Ok(change.commit().await?)
}
