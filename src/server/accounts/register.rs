//! Signing up.

use serde_json::json;

use super::NewAccount;
use crate::{
    model::{id::UserId, role::Roles},
    server::{
        authentication::password,
        change::Change,
        client_info::ActionContext,
        config::Registration,
        crypto::entropy::Entropy,
        error::Error,
        passwords::hasher::Turn,
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            Tx,
            audit::{self, Event, EventKind},
            users::{self, User},
        },
        tokens::refresh::token::RefreshToken,
    },
};

/// Makes an account and signs in to it. `presented` is the refresh token that the browser held until now.
pub async fn register(
    state: &AppState,
    context: ActionContext<'_>,
    new: NewAccount,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    if state.config.registration == Registration::Closed {
        return Err(Error::RegistrationClosed);
    }
    // Whoever has an address proves it first (`sign_up`).
    if state.config.mail.is_some() {
        return Err(Error::ConfirmationRequired);
    }
    state.rate_limiter.check_network(context)?;
    let turn = Turn::other(context.client);
    let (hash, evidence) = password::choose(state, context, turn, &new.password).await?;
    let mut change = Change::begin(state, context).await?;
    let user =
        create(change.tx(), context, &state.entropy, &new, hash, Roles::default(), "registration").await?;
    start::start(state, change, &user, evidence, SignInMethod::Registration, presented).await
}

/// Adds the account and its event.
pub async fn create(
    tx: &mut Tx,
    context: ActionContext<'_>,
    entropy: &Entropy,
    new: &NewAccount,
    password_hash: String,
    roles: Roles,
    by: &str,
) -> Result<User, Error> {
    let id = UserId::parse(&entropy.uuid(context.now)?)?;
    let user = User {
        password_hash: Some(password_hash),
        ..User::new(id, new.email.clone(), new.display_name.clone(), roles, context.now)
    };
    if !users::insert(tx, &user).await? {
        return Err(Error::EmailTaken);
    }
    let detail = json!({ "by": by, "roles": roles.to_string() });
    let event = Event::new(EventKind::AccountCreated).about(&user.id).with(detail);
    audit::record(tx, context, &event).await?;
    Ok(user)
}
