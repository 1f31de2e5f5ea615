//! The browser comes back from a provider. What it brings counts once, a short while, in the browser that began, and for that
//! provider alone. Everything that was asked when it began is asked again.

use std::time::Duration;

use super::{
    account::{self, Arrival},
    begin::{VERIFIER, find, redirect_uri, refuse_by_policy},
    exchange::{Code, exchange},
    identities,
    person::UpstreamPerson,
    refused::{Reason, Refused},
};
use crate::{
    model::{
        id::{SessionId, UserId},
        local_path::LocalPath,
        upstream::slug::ProviderSlug,
    },
    server::{
        client_info::ActionContext,
        oauth::parameters::Parameters,
        principal::Principal,
        sessions::start::Started,
        state::AppState,
        store::{
            upstream_logins::{self, LoginPurpose, UpstreamLogin},
            upstream_providers::Provider,
        },
        tokens::{
            one_time,
            refresh::token::RefreshToken,
            upstream::{Demanded, UpstreamTokenError},
        },
    },
};

/// What the browser brings along beside the answer.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// What binds it to what it has begun.
    pub cookie: Option<&'a str>,
    /// The refresh token that it holds.
    pub refresh_token: Option<&'a RefreshToken>,
    /// Who is signed in.
    pub person: Option<&'a Principal>,
}

/// Somebody has come back.
#[derive(Debug)]
pub struct Finished {
    /// The session that was started, or that goes on. Nothing: none was.
    pub started: Option<Started>,
    /// Where the browser goes now.
    pub next: LocalPath,
}

/// Somebody has come back, and nothing comes of it.
#[derive(Debug)]
pub struct NotFinished {
    pub why: Refused,
    /// Where the browser would have gone.
    pub next: LocalPath,
}

impl<E: Into<Refused>> From<E> for NotFinished {
    fn from(why: E) -> Self {
        Self { why: why.into(), next: LocalPath::default() }
    }
}

/// Takes the answer of a provider.
pub async fn finish(
    state: &AppState,
    context: ActionContext<'_>,
    slug: &ProviderSlug,
    parameters: &Parameters,
    held: Held<'_>,
) -> Result<Finished, NotFinished> {
    state.rate_limiter.check_network(context)?;
    let provider = find(state, slug).await?;
    let login = take(state, context, &provider, parameters, held.cookie).await?;
    match conclude(state, context, (&provider, &login), parameters, held).await {
        Ok(started) => Ok(Finished { started, next: login.next }),
        Err(why) => Err(NotFinished { why, next: login.next }),
    }
}

/// Finds out who has come back, and does what this was begun for.
async fn conclude(
    state: &AppState,
    context: ActionContext<'_>,
    (provider, login): (&Provider, &UpstreamLogin),
    parameters: &Parameters,
    held: Held<'_>,
) -> Result<Option<Started>, Refused> {
    check_issuer(provider, parameters)?;
    let Some(code) = parameters.get("code").filter(|_| parameters.get("error").is_none()) else {
        return Err(Refused::Declined);
    };
    let person = identify(state, context, provider, login, code).await?;
    // It may have been switched off since this was begun, and while it was asked.
    let provider = find(state, &provider.slug).await?;
    if provider.id != login.provider {
        return Err(Refused::NoProvider);
    }
    refuse_by_policy(&provider, &login.purpose)?;
    let arrival = Arrival { provider: &provider, person: &person };
    arrive(state, context, arrival, &login.purpose, held).await
}

/// Finds out who has signed in there, and that they were asked as recently as was demanded.
async fn identify(
    state: &AppState,
    context: ActionContext<'_>,
    provider: &Provider,
    login: &UpstreamLogin,
    code: &str,
) -> Result<UpstreamPerson, Refused> {
    let verifier = state.vault.open(VERIFIER, &login.sealed_verifier)?;
    let verifier = String::from_utf8_lossy(&verifier).into_owned();
    let redirect_uri = redirect_uri(&state.config.tokens, &provider.slug);
    let code = Code { value: code, verifier: &verifier, redirect_uri: &redirect_uri };
    let demanded = Demanded { nonce: &login.nonce, authenticated_after: login.authenticated_after };
    let mut person = exchange(state, context.now, provider, code, demanded).await?;
    if let Some(after) = login.authenticated_after {
        let too_old = || Refused::NotBelieved(UpstreamTokenError::TooOld.into());
        // An ID token was checked to be later. Its claim has whole seconds.
        let at = person.authenticated_at.ok_or_else(too_old)?;
        person.authenticated_at = Some(at.max(after + Duration::from_millis(1)));
    }
    Ok(person)
}

/// Does what the sign-in was begun for. Nothing: no session was started.
async fn arrive(
    state: &AppState,
    context: ActionContext<'_>,
    arrival: Arrival<'_>,
    purpose: &LoginPurpose,
    held: Held<'_>,
) -> Result<Option<Started>, Refused> {
    let presented = held.refresh_token;
    Ok(match purpose {
        LoginPurpose::SignIn => Some(account::sign_in(state, context, arrival, presented).await?),
        LoginPurpose::Invitation(hash) => {
            Some(account::accept(state, context, arrival, hash, presented).await?)
        }
        LoginPurpose::Link { user, session } => {
            same_person(held.person, (user, session))?;
            identities::link(state, context, arrival, user).await?;
            None
        }
        LoginPurpose::StepUp { user, session } => {
            let principal = same_person(held.person, (user, session))?;
            let issued = account::step_up(state, context, arrival, principal, presented).await?;
            Some(Started::Session(issued))
        }
    })
}

/// Uses up what was begun.
async fn take(
    state: &AppState,
    context: ActionContext<'_>,
    provider: &Provider,
    parameters: &Parameters,
    cookie: Option<&str>,
) -> Result<UpstreamLogin, Refused> {
    let known = parameters.get("state").zip(cookie);
    let (state_parameter, cookie) = known.ok_or(Refused::Gone)?;
    let (state_hash, browser_hash) = (one_time::hash(state_parameter), one_time::hash(cookie));
    let mut tx = state.store.begin().await?;
    let login = upstream_logins::take(&mut tx, &state_hash, &provider.id, &browser_hash, context.now).await?;
    tx.commit().await?;
    login.ok_or(Refused::Gone)
}

/// Whoever answers says who they are, if they have said that they do (RFC 9207): else a code could be of another provider.
fn check_issuer(provider: &Provider, parameters: &Parameters) -> Result<(), Refused> {
    let demanded = provider.metadata.authorization_response_iss_parameter_supported;
    match parameters.get("iss") {
        Some(issuer) if issuer == provider.issuer.as_str() => Ok(()),
        None if !demanded => Ok(()),
        _ => Err(Refused::NotBelieved(Reason::Issuer)),
    }
}

/// What was begun in a session ends in it.
fn same_person<'a>(
    person: Option<&'a Principal>,
    (user, session): (&UserId, &SessionId),
) -> Result<&'a Principal, Refused> {
    let same = person.filter(|person| person.user == *user && person.session == *session);
    same.ok_or(Refused::OtherPerson)
}
