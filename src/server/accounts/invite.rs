//! Accounts that an administrator makes: with a link that works once, on which their owner chooses a password. An
//! administrator never sees or sets one.

use std::time::Duration;

use serde_json::json;

use super::{links::NewLink, lookalike};
use crate::{
    model::{display_name::DisplayName, email::EmailAddress, id::UserId, role::Roles},
    server::{
        authentication::password as passwords,
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        passwords::{Password, hasher::Turn, rules},
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            one_time_tokens::{self, Purpose},
            users::{self, User},
        },
        tokens::{one_time, refresh::token::RefreshToken},
    },
};

/// How long the link works.
pub const LIFETIME: Duration = Duration::from_secs(72 * 3600);

/// A new account and its link.
#[derive(Debug)]
pub struct Invited {
    pub user: User,
    /// The link's path.
    pub path: String,
    pub expires_at: Timestamp,
}

/// Makes an account without a password.
pub async fn invite(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    email: EmailAddress,
    display_name: DisplayName,
    roles: Roles,
) -> Result<Invited, Error> {
    lookalike::refuse(&email)?;
    let expires_at = context.now + LIFETIME;
    let id = UserId::parse(&state.entropy.uuid(context.now)?)?;
    let user = User::new(id, email, display_name, roles, context.now);
    let mut change = Change::begin(state, context).await?;
    if !users::insert(change.tx(), &user).await? {
        return Err(Error::EmailTaken);
    }
    let link =
        NewLink { purpose: Purpose::Invitation, user: Some(&user.id), email: None, asker: None, expires_at };
    let path = link.store(change.tx(), &state.entropy).await?;
    let detail = json!({ "by": "invitation", "roles": roles.to_string() });
    let event = Event::new(EventKind::AccountCreated).about(&user.id).with(detail).maybe_by(actor);
    change.record(event).await?;
    change.commit().await?;
    Ok(Invited { user, path, expires_at })
}

/// Whom a link invites, if it works.
pub async fn invited(state: &AppState, now: Timestamp, token: &str) -> Result<Option<User>, Error> {
    let mut reader = state.store.read().await?;
    let link = one_time_tokens::find(&mut reader, Purpose::Invitation, &one_time::hash(token)).await?;
    let Some(id) = link.filter(|link| link.is_live(now)).map(|link| link.user_id()).transpose()?.flatten()
    else {
        return Ok(None);
    };
    Ok(users::by_id(&mut reader, &id).await?.filter(User::is_enabled))
}

/// Chooses the password of an account that was made for one, and signs in to it.
pub async fn accept(
    state: &AppState,
    context: ActionContext<'_>,
    token: &str,
    display_name: DisplayName,
    password: &Password,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    state.rate_limiter.check_network(context)?;
    let user = invited(state, context.now, token).await?.ok_or(Error::InvitationClosed)?;
    let rules = &state.config.password_rules;
    rules::require(rules, "password", password, &user.email, Some(&display_name)).await?;
    let turn = Turn::other(context.client);
    let (hash, evidence) = passwords::choose(state, context, turn, password).await?;
    let mut change = Change::begin(state, context).await?;
    users::lock_by_id(change.tx(), &user.id)
        .await?
        .filter(User::is_enabled)
        .ok_or(Error::InvitationClosed)?;
    let link = one_time_tokens::find(change.tx(), Purpose::Invitation, &one_time::hash(token)).await?;
    if !link.is_some_and(|link| link.is_live(context.now)) {
        return Err(Error::InvitationClosed);
    }
    one_time_tokens::delete_of_user(change.tx(), Purpose::Invitation, &user.id).await?;
    users::set_password_hash(change.tx(), &user.id, &hash).await?;
    users::set_display_name(change.tx(), &user.id, &display_name).await?;
    change.record(Event::new(EventKind::InvitationAccepted).by(&user.id).about(&user.id)).await?;
    let user = users::by_id(change.tx(), &user.id).await?.ok_or(Error::InvitationClosed)?;
    start::start(state, change, &user, evidence, SignInMethod::Invitation, presented).await
}
