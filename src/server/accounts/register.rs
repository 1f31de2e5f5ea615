//! Signing up.

use serde_json::json;

use super::NewAccount;
use crate::{
    model::{id::UserId, role::Roles},
    server::{
        audit::{self, Event, EventKind},
        clock::Entropy,
        config::Registration,
        error::Error,
        origin::Context,
        sessions::{Issued, start},
        state::State,
        store::{Tx, users, users::User},
    },
};

/// Makes an account and signs in to it. `presented` is the refresh token that the browser held until now.
pub async fn register(
    state: &State,
    context: Context<'_>,
    new: NewAccount,
    presented: Option<&str>,
) -> Result<Issued, Error> {
    if state.config.registration == Registration::Closed {
        return Err(Error::RegistrationClosed);
    }
    let hash = state.passwords.hash(&new.password, &state.entropy).await?;
    let mut tx = state.store.begin().await?;
    let user = create(&mut tx, context, &state.entropy, &new, hash, Roles::default(), "registration").await?;
    start::start(state, tx, context, &user, presented).await
}

/// Adds the account and its event.
pub async fn create(
    tx: &mut Tx,
    context: Context<'_>,
    entropy: &Entropy,
    new: &NewAccount,
    password_hash: String,
    roles: Roles,
    by: &str,
) -> Result<User, Error> {
    let user = User {
        id: UserId::parse(&entropy.uuid(context.now)?)?,
        email: new.email.clone(),
        display_name: new.display_name.clone(),
        password_hash: Some(password_hash),
        roles,
        token_epoch: 0,
        disabled_at: None,
        created_at: context.now,
    };
    if !users::insert(tx, &user).await? {
        return Err(Error::EmailTaken);
    }
    let detail = json!({ "by": by, "roles": roles.to_string() });
    audit::record(tx, context, Event::new(EventKind::AccountCreated).about(&user.id).with(detail)).await?;
    Ok(user)
}
