//! Accounts that an administrator makes: with a link that works once, on which their owner chooses a password. An
//! administrator never sees or sets one.

use std::time::Duration;

use serde_json::json;

use super::{Password, one_time_token, password_rules};
use crate::{
    model::{display_name::DisplayName, email::EmailAddress, id::UserId, role::Roles},
    server::{
        audit::{self, Event, EventKind},
        clock::Timestamp,
        error::Error,
        origin::Context,
        sessions::{Issued, start},
        state::State,
        store::{
            links::{self, Purpose},
            users::{self, User},
        },
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
    state: &State,
    context: Context<'_>,
    actor: Option<&UserId>,
    email: EmailAddress,
    display_name: DisplayName,
    roles: Roles,
) -> Result<Invited, Error> {
    let (token, token_hash) = one_time_token::generate(&state.entropy)?;
    let expires_at = context.now + LIFETIME;
    let user = User {
        id: UserId::parse(&state.entropy.uuid(context.now)?)?,
        email,
        display_name,
        password_hash: None,
        roles,
        token_epoch: 0,
        disabled_at: None,
        created_at: context.now,
    };
    let mut tx = state.store.begin().await?;
    if !users::insert(&mut tx, &user).await? {
        return Err(Error::EmailTaken);
    }
    links::insert(&mut tx, Purpose::Invitation, &token_hash, Some(&user.id), expires_at).await?;
    let detail = json!({ "by": "invitation", "roles": roles.to_string() });
    let event =
        Event { actor: actor.cloned(), ..Event::new(EventKind::AccountCreated).about(&user.id).with(detail) };
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    Ok(Invited { user, path: format!("/invitation?token={token}"), expires_at })
}

/// Whom a link invites, if it works.
pub async fn invited(state: &State, now: Timestamp, token: &str) -> Result<Option<User>, Error> {
    let mut reader = state.store.read().await?;
    let link = links::find(&mut reader, Purpose::Invitation, &one_time_token::hash(token)).await?;
    let Some(id) = link.filter(|link| link.is_live(now)).map(|link| link.user_id()).transpose()?.flatten()
    else {
        return Ok(None);
    };
    Ok(users::by_id(&mut reader, &id).await?.filter(User::is_enabled))
}

/// Chooses the password of an account that was made for one, and signs in to it.
pub async fn accept(
    state: &State,
    context: Context<'_>,
    token: &str,
    display_name: DisplayName,
    password: &Password,
    presented: Option<&str>,
) -> Result<Issued, Error> {
    let user = invited(state, context.now, token).await?.ok_or(Error::InvitationClosed)?;
    password_rules::check(password.as_str(), &user.email, Some(&display_name))
        .map_err(|problem| Error::invalid("password", problem))?;
    let hash = state.passwords.hash(password, &state.entropy).await?;
    let mut tx = state.store.begin().await?;
    let locked = users::lock_by_id(&mut tx, &user.id)
        .await?
        .filter(User::is_enabled)
        .ok_or(Error::InvitationClosed)?;
    let link = links::find(&mut tx, Purpose::Invitation, &one_time_token::hash(token)).await?;
    if !link.is_some_and(|link| link.is_live(context.now)) {
        return Err(Error::InvitationClosed);
    }
    links::delete_of_user(&mut tx, Purpose::Invitation, &user.id).await?;
    users::set_password_hash(&mut tx, &user.id, &hash).await?;
    users::set_display_name(&mut tx, &user.id, &display_name).await?;
    audit::record(&mut tx, context, Event::new(EventKind::InvitationAccepted).by(&user.id).about(&user.id))
        .await?;
    let user = User { display_name, password_hash: Some(hash), ..locked };
    start::start(state, tx, context, &user, presented).await
}
