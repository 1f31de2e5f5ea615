//! The browser comes back from a provider. What it brings counts once, a short while, in the browser that began, and for that
//! provider alone. Everything that was asked when it began is asked again. Nothing is used up before the provider's keys are
//! known, without which nobody could be signed in.

use std::time::Duration;

use super::{
    account::{self, Arrival},
    begin::{VERIFIER, again, find, redirect_uri, refuse_by_policy},
    exchange::{Code, exchange, require_keys},
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
            upstream_logins::{self, LoginKey, LoginPurpose, UpstreamLogin},
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

/// Why somebody does not go on.
#[derive(Debug)]
pub struct Stopped {
    pub why: Refused,
    /// Where they can begin once more. Nothing: nobody knows what was begun.
    pub again: Option<LocalPath>,
    /// Whether the answer of the provider still counts, so that it can be brought once more.
    pub still_counts: bool,
}

impl From<Refused> for Stopped {
    fn from(why: Refused) -> Self {
        Self { why, again: None, still_counts: false }
    }
}

/// Takes the answer of a provider.
pub async fn finish(
    state: &AppState,
    context: ActionContext<'_>,
    slug: &ProviderSlug,
    parameters: &Parameters,
    held: Held<'_>,
) -> Result<Finished, Stopped> {
    state.rate_limiter.check_network(context).map_err(Refused::from)?;
    let provider = find(state, slug).await?;
    let key = key(&provider, parameters, held.cookie)?;
    let begun = look_up(state, &key).await?;
    let again = Some(again(&begun.purpose, &begun.next));
    let code = code(&provider, parameters);
    if code.is_ok()
        && context.now < begun.expires_at
        && let Err(why) = require_keys(state, &provider).await
    {
        return Err(Stopped { why, again, still_counts: true });
    }
    let finished = async {
        let login = use_up(state, context, &key).await?;
        go_on(state, context, &provider, login, code, held).await
    };
    finished.await.map_err(|why| Stopped { why, again, still_counts: false })
}

/// Goes on with what was begun, now that it is used up.
async fn go_on(
    state: &AppState,
    context: ActionContext<'_>,
    provider: &Provider,
    login: UpstreamLogin,
    code: Result<&str, Refused>,
    held: Held<'_>,
) -> Result<Finished, Refused> {
    let person = identify(state, context, provider, &login, code?).await?;
    // It may have been switched off since this was begun, and while it was asked.
    let provider = find(state, &provider.slug).await?;
    if provider.id != login.provider {
        return Err(Refused::NoProvider);
    }
    refuse_by_policy(&provider, &login.purpose)?;
    let arrival = Arrival { provider: &provider, person: &person };
    let started = arrive(state, context, arrival, &login.purpose, held).await?;
    Ok(Finished { started, next: login.next })
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

/// What a sign-in is known by that this browser has begun at this provider.
fn key<'a>(
    provider: &'a Provider,
    parameters: &Parameters,
    cookie: Option<&str>,
) -> Result<LoginKey<'a>, Refused> {
    let known = parameters.get("state").zip(cookie);
    let (state_parameter, cookie) = known.ok_or(Refused::Gone)?;
    let (state_hash, browser_hash) = (one_time::hash(state_parameter), one_time::hash(cookie));
    Ok(LoginKey { state_hash, provider: &provider.id, browser_hash })
}

async fn look_up(state: &AppState, key: &LoginKey<'_>) -> Result<UpstreamLogin, Refused> {
    let mut reader = state.store.read().await?;
    upstream_logins::find(&mut reader, key).await?.ok_or(Refused::Gone)
}

/// Uses up what was begun.
async fn use_up(
    state: &AppState,
    context: ActionContext<'_>,
    key: &LoginKey<'_>,
) -> Result<UpstreamLogin, Refused> {
    let mut tx = state.store.begin().await?;
    let login = upstream_logins::take(&mut tx, key, context.now).await?;
    tx.commit().await?;
    login.ok_or(Refused::Gone)
}

/// The code, from whoever it must be from.
fn code<'a>(provider: &Provider, parameters: &'a Parameters) -> Result<&'a str, Refused> {
    check_issuer(provider, parameters)?;
    let code = parameters.get("code").filter(|_| parameters.get("error").is_none());
    code.ok_or(Refused::Declined)
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
