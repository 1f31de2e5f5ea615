//! Starting a session.

use serde_json::json;

use super::{
    issue::{Issued, issue},
    revoke::{lock_authentic, make_room, revoke},
    unusual::{self, Unusual},
};
use crate::{
    model::{id::SessionId, session::SignOutReason},
    server::{
        authentication::{
            attempt::{Attempt, AttemptMade},
            evidence::Evidence,
            factors::Factors,
        },
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            sessions::{self, SessionRecord},
            upstream_sessions::{self, UpstreamSession},
            users::User,
        },
        tokens::refresh::token::{RefreshKeys, RefreshToken},
    },
};

/// How somebody signed in, as the audit log says it (OWASP ASVS 16.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod<'a> {
    Password,
    Passkey,
    MailedLink,
    /// A second step, after the first one, for which they may have come from a provider.
    SecondStep(Option<&'a UpstreamSession>),
    /// They have just signed up.
    Registration,
    Setup,
    Invitation,
    /// They came from a provider, where they had signed in.
    Provider(&'a UpstreamSession),
    /// A new password ended the session before this one, of the same browser.
    PasswordChanged(&'a SessionId),
}

impl SignInMethod<'_> {
    /// Its name in the log is stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::MailedLink => "mailed_link",
            Self::SecondStep(_) => "second_step",
            Self::Registration => "registration",
            Self::Setup => "setup",
            Self::Invitation => "invitation",
            Self::Provider(_) => "provider",
            Self::PasswordChanged(_) => "password_changed",
        }
    }
}

impl<'a> SignInMethod<'a> {
    /// What the session is at the provider through which they came, if they came through one.
    const fn upstream(self) -> Option<&'a UpstreamSession> {
        match self {
            Self::Provider(upstream) => Some(upstream),
            Self::SecondStep(upstream) => upstream,
            _ => None,
        }
    }
}

/// What signing in has come to.
#[derive(Debug)]
pub enum Started {
    Session(Issued),
    /// Nothing has started: the account needs a second step.
    SecondStep(AttemptMade),
}

/// Starts a session for `user`, if the evidence is enough for what the account has now, and commits the change that signs
/// them in. Always a new family, whatever the browser held before (session fixation, CVE-2026-7507): the session of
/// `presented` is revoked. The account is held by `change`.
pub async fn start(
    state: &AppState,
    mut change: Change<'_>,
    user: &User,
    evidence: Evidence,
    method: SignInMethod<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    let factors = Factors::of(change.tx(), &user.id).await?;
    if !factors.are_satisfied_by(evidence) {
        return ask_for_second_step(state, change, user, evidence, (factors, method.upstream())).await;
    }
    let context = change.context;
    replace(state, &mut change, presented).await?;
    make_room(&mut change, &user.id).await?;
    let unusual = unusual::compare(change.tx(), &user.id, context.client).await?;
    let mut session = new_session(state, context, user, evidence, unusual)?;
    let minted = state.tokens.mint(context.now, &state.entropy, &session, user)?;
    session.remember(&minted.kid, minted.expires_at);
    sessions::insert(change.tx(), &session).await?;
    if let SignInMethod::PasswordChanged(before) = method {
        sessions::follow(change.tx(), before, &session.id).await?;
    }
    if let Some(upstream) = method.upstream() {
        upstream_sessions::set(change.tx(), &session.id, upstream).await?;
    }
    let detail = json!({ "method": method.as_str(), "factors": evidence.methods().to_string() });
    let event = Event::new(EventKind::SignedIn).by(&user.id).about(&user.id).of(&session.id).with(detail);
    change.record(event).await?;
    if session.new_device {
        change.notify(user, Notice::NewDevice).await?;
    }
    change.commit().await?;
    Ok(Started::Session(issue(state, context.now, &session, user, minted)?))
}

/// Hands out what the second step goes on from. What led here is committed: a link that was used is used.
async fn ask_for_second_step(
    state: &AppState,
    mut change: Change<'_>,
    user: &User,
    evidence: Evidence,
    (factors, upstream): (Factors, Option<&UpstreamSession>),
) -> Result<Started, Error> {
    let attempt = Attempt::begin(state, change.context.now, user, evidence, upstream.cloned())?;
    let made = AttemptMade { cookie: attempt.seal(state)?, methods: factors.usable(change.context.now) };
    let detail = json!({ "factors": evidence.methods().to_string() });
    change.record(Event::new(EventKind::SecondStepRequested).about(&user.id).with(detail)).await?;
    change.commit().await?;
    Ok(Started::SecondStep(made))
}

fn new_session(
    state: &AppState,
    context: ActionContext<'_>,
    user: &User,
    evidence: Evidence,
    unusual: Unusual,
) -> Result<SessionRecord, Error> {
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
        authenticated_at: evidence.verified_at(),
        methods: evidence.methods(),
        authenticated_before: None,
        methods_before: None,
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
        new_device: unusual.device,
        new_network: unusual.network,
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
