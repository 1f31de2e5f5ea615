//! Signing in.

use serde_json::json;

use super::{Password, password::Match};
use crate::{
    model::{email::EmailAddress, password as rules},
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        sessions::{Issued, refresh_token::RefreshToken, start},
        state::State,
        store::{sessions, users, users::User},
    },
};

/// What somebody signs in with, parsed.
#[derive(Debug)]
pub struct Credentials {
    pub email: EmailAddress,
    pub password: Password,
}

impl Credentials {
    /// A password that is too long to be one is refused before any work; an empty one is not, for refusing it early
    /// would answer faster than a wrong one (Keycloak 51887).
    pub fn parse(email: &str, password: String) -> Result<Self, Error> {
        let email = EmailAddress::parse(email).map_err(|error| Error::invalid("email", error))?;
        let password = Password::new(password);
        if let Err(error @ rules::WeakPassword::TooLong) = rules::check_length(password.as_str()) {
            return Err(Error::invalid("password", error));
        }
        Ok(Self { email, password })
    }
}

/// Starts a session for whoever knows the password. `mark` is what this browser
/// bears of having been signed in before, `presented` the refresh token that it holds. An unknown address, a wrong password and a disabled account are
/// one error, after the same work.
pub async fn sign_in(
    state: &State,
    context: Context<'_>,
    credentials: Credentials,
    mark: Option<String>,
    presented: Option<&str>,
) -> Result<Issued, Error> {
    let device = match mark {
        Some(mark) => Some(mark),
        None => held_session(state, &credentials.email, presented).await?,
    };
    state.attempts.allow(context, credentials.email.as_str(), device.as_deref())?;
    let found = {
        let mut reader = state.store.read().await?;
        users::by_email(&mut reader, &credentials.email).await?
    };
    let enabled = found.as_ref().filter(|user| user.is_enabled());
    let stored = enabled.and_then(|user| user.password_hash.clone());
    let matched = state.passwords.verify(&credentials.password, stored.clone()).await?;
    let (Some(user), Some(stored), Match::Yes | Match::YesButOutdated) = (enabled, stored, matched) else {
        record_failure(state, context, found.as_ref()).await?;
        return Err(Error::InvalidCredentials);
    };
    let renewed = match matched {
        Match::YesButOutdated => Some(state.passwords.hash(&credentials.password, &state.entropy).await?),
        _ => None,
    };

    let mut tx = state.store.begin().await?;
    // While the hash was computed the password may have changed, or the account have been disabled.
    let current = users::lock_by_id(&mut tx, &user.id).await?;
    let Some(user) = current.filter(|user| user.is_enabled() && user.password_hash.as_ref() == Some(&stored))
    else {
        drop(tx);
        record_failure(state, context, found.as_ref()).await?;
        return Err(Error::InvalidCredentials);
    };
    if let Some(renewed) = renewed {
        users::set_password_hash(&mut tx, &user.id, &renewed).await?;
    }
    start::start(state, tx, context, &user, presented).await
}

/// The session of that very account that this browser holds, ended or not: it is no stranger.
async fn held_session(
    state: &State,
    email: &EmailAddress,
    presented: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(token) = presented.and_then(RefreshToken::parse) else { return Ok(None) };
    let mut reader = state.store.read().await?;
    let Some(session) = sessions::by_id(&mut reader, &token.session).await? else { return Ok(None) };
    if !state.refresh_keys.is_authentic(&token, &session.salt)? {
        return Ok(None);
    }
    let owner = users::by_id(&mut reader, &session.user_id).await?;
    Ok(owner.filter(|owner| owner.email == *email).map(|_| session.id.to_string()))
}

/// An attempt is recorded with whom it was aimed at, and never with what was typed: people type passwords into the
/// wrong field.
async fn record_failure(state: &State, context: Context<'_>, user: Option<&User>) -> Result<(), Error> {
    let why = match user {
        None => "unknown_email",
        Some(user) if !user.is_enabled() => "disabled",
        Some(_) => "wrong_password",
    };
    let mut event = Event::new(EventKind::SignInFailed).with(json!({ "why": why }));
    event.subject = user.map(|user| user.id.clone());
    let mut tx = state.store.begin().await?;
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    Ok(())
}
