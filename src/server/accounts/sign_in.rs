//! Signing in.

use serde_json::json;

use crate::{
    model::{email::EmailAddress, id::SessionId, password as rules, session::SignOutReason},
    server::{
        authentication::password::{self, Verified},
        change::{self, Change},
        client_info::ActionContext,
        error::Error,
        passwords::{Password, hasher::Turn},
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            sessions::{self, SessionRecord},
            users::{self, User},
        },
        tokens::refresh::token::RefreshToken,
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

/// Starts a session for whoever knows the password, or asks for the second step. `device_cookie` is the browser's, `presented` the refresh token that
/// it holds. An unknown address, a wrong password and a disabled account are one error, after the same work.
pub async fn sign_in(
    state: &AppState,
    context: ActionContext<'_>,
    credentials: Credentials,
    device_cookie: Option<String>,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    let (found, device) = find(state, &credentials.email, device_cookie, presented).await?;
    let device = device.as_ref().map(SessionId::as_str);
    state.rate_limiter.check_password(context, credentials.email.as_str(), device)?;
    let enabled = found.as_ref().filter(|user| user.is_enabled());
    let stored = enabled.and_then(|user| user.password_hash.clone());
    let verified = password::verify(state, context, &credentials.password, stored.clone()).await?;
    let (Some(user), Some(stored), Some(Verified { evidence, needs_rehash })) = (enabled, stored, verified)
    else {
        record_failure(state, context, found.as_ref()).await?;
        return Err(Error::InvalidCredentials);
    };
    let renewed = if needs_rehash {
        let turn = Turn::sign_in(context.client);
        Some(state.passwords.hash(turn, &credentials.password, &state.entropy).await?)
    } else {
        None
    };

    let mut change = Change::begin(state, context).await?;
    // While the hash was computed the password may have changed, or the account have been disabled.
    let current = users::lock_by_id(change.tx(), &user.id).await?;
    let Some(user) = current.filter(|user| user.is_enabled() && user.password_hash.as_ref() == Some(&stored))
    else {
        drop(change);
        record_failure(state, context, found.as_ref()).await?;
        return Err(Error::InvalidCredentials);
    };
    if let Some(renewed) = renewed {
        users::renew_password_hash(change.tx(), &user.id, &renewed).await?;
    }
    start::start(state, change, &user, evidence, SignInMethod::Password, presented).await
}

/// The account of that address, and the session by which this browser was signed in to it before: it is no stranger.
async fn find(
    state: &AppState,
    email: &EmailAddress,
    device_cookie: Option<String>,
    presented: Option<&RefreshToken>,
) -> Result<(Option<User>, Option<SessionId>), Error> {
    let mut reader = state.store.read().await?;
    let Some(user) = users::by_email(&mut reader, email).await? else { return Ok((None, None)) };
    if let Some(session) = device_cookie.and_then(|value| state.device_cookies.session(&value, &user)) {
        return Ok((Some(user), Some(session)));
    }
    let Some(token) = presented else { return Ok((Some(user), None)) };
    let held = sessions::by_id(&mut reader, &token.session).await?;
    let known = match held.filter(|session| session.user_id == user.id && may_vouch(session)) {
        Some(session) => state.refresh_keys.is_authentic(token, &session.salt)?,
        None => false,
    };
    Ok((Some(user), known.then(|| token.session.clone())))
}

/// Whether whoever holds a token of this session, ended or not, was signed in to the account. A new password ends that,
/// and so does a token that two parties hold.
fn may_vouch(session: &SessionRecord) -> bool {
    !matches!(session.revoked, Some((_, SignOutReason::PasswordChanged | SignOutReason::Reused)))
}

/// An attempt is recorded with whom it was aimed at, and never with what was typed: people type passwords into the
/// wrong field.
async fn record_failure(
    state: &AppState,
    context: ActionContext<'_>,
    user: Option<&User>,
) -> Result<(), Error> {
    let why = match user {
        None => "unknown_email",
        Some(user) if !user.is_enabled() => "disabled",
        Some(_) => "wrong_password",
    };
    let mut event = Event::new(EventKind::SignInFailed).with(json!({ "why": why }));
    event.subject = user.map(|user| user.id.clone());
    Ok(change::record(&state.store, context, event).await?)
}
