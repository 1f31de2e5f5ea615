//! Starting a session.

use serde_json::json;

use super::{
    issue::{Issued, issue},
    revoke::{lock_authentic, make_room, revoke},
    unusual,
};
use crate::{
    model::{id::SessionId, session::SignOutReason},
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            sessions::{self, SessionRecord},
            users::User,
        },
        tokens::refresh::token::{RefreshKeys, RefreshToken},
    },
};

/// How somebody signed in, as the audit log says it (OWASP ASVS 16.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod<'a> {
    Password,
    /// They have just signed up.
    Registration,
    Setup,
    Invitation,
    /// A new password ended the session before this one, of the same browser.
    PasswordChanged(&'a SessionId),
}

impl SignInMethod<'_> {
    /// Its name in the log is stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Registration => "registration",
            Self::Setup => "setup",
            Self::Invitation => "invitation",
            Self::PasswordChanged(_) => "password_changed",
        }
    }
}

/// Starts a session for `user` and commits the change that signs them in. Always a new family, whatever the browser
/// held before (session fixation, CVE-2026-7507): the session of `presented` is revoked.
pub async fn start(
    state: &AppState,
    mut change: Change<'_>,
    user: &User,
    method: SignInMethod<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Issued, Error> {
    let context = change.context;
    replace(state, &mut change, presented).await?;
    make_room(&mut change, &user.id).await?;
    let mut session = new_session(state, context, user)?;
    let minted = state.tokens.mint(context.now, &state.entropy, &session, user)?;
    session.remember(&minted.kid, minted.expires_at);
    sessions::insert(change.tx(), &session).await?;
    if let SignInMethod::PasswordChanged(before) = method {
        sessions::follow(change.tx(), before, &session.id).await?;
    }
    let detail = json!({ "method": method.as_str() });
    let event = Event::new(EventKind::SignedIn).by(&user.id).about(&user.id).of(&session.id).with(detail);
    change.record(event).await?;
    if unusual::is_new_device(state, change.tx(), &session).await? {
        change.notify(user, Notice::NewDevice).await?;
    }
    change.commit().await?;
    issue(state, context.now, &session, user, minted)
}

fn new_session(state: &AppState, context: ActionContext<'_>, user: &User) -> Result<SessionRecord, Error> {
    let ActionContext { now, client } = context;
    let config = &state.config.sessions;
    Ok(SessionRecord {
        id: SessionId::parse(&state.entropy.uuid(now)?)?,
        user_id: user.id.clone(),
        salt: state.entropy.bytes::<{ RefreshKeys::SALT_LENGTH }>()?.to_vec(),
        generation: 0,
        confirmed: false,
        rotated_at: now,
        created_at: now,
        authenticated_at: now,
        authenticated_before: None,
        replaced_at: None,
        last_seen_at: now,
        idle_expires_at: (now + config.idle_ttl).min(now + config.absolute_ttl),
        absolute_expires_at: now + config.absolute_ttl,
        revoked: None,
        followed_by: None,
        token_kid: String::new(),
        token_expires_at: now,
        name: None,
        user_agent: client.user_agent.clone(),
        ip: client.ip.clone(),
    })
}

/// Revokes the session that the browser held until now, if it held one.
async fn replace(
    state: &AppState,
    change: &mut Change<'_>,
    presented: Option<&RefreshToken>,
) -> Result<(), Error> {
    let Some(token) = presented else { return Ok(()) };
    let Some(session) = lock_authentic(state, change.tx(), token).await? else { return Ok(()) };
    let event = Event::new(EventKind::SessionEnded).by(&session.user_id).about(&session.user_id);
    revoke(change, &session, SignOutReason::Replaced, event).await?;
    Ok(())
}
