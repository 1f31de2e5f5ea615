//! The authorization endpoint: who asks, what for, and what the person must be asked first.
//!
//! A request that needs a question is stored; the browser carries its handle, and is bound to it by a cookie. So it
//! survives signing in, signing up and forms without JavaScript, whatever its length; and nobody can have somebody else
//! answer a request of theirs (CVE-2022-39222).

pub mod answer;
mod code;
pub mod push;
pub mod request;

use std::{sync::Arc, time::Duration};

use aws_lc_rs::constant_time::verify_slices_are_equal;

pub use code::{Wanted, issue, mint};

use super::{
    error::{OAuthCode, OAuthError},
    parameters::Parameters,
};
use crate::{
    model::{
        email::EmailAddress,
        id::{SessionId, UserId},
        level::Level,
        oauth::authorization_request::{AuthorizationRequest, TooLow},
        query,
    },
    server::{
        authentication::factors::Factors,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        grants::{
            issue::{AppSignIn, IssuedCode},
            issuing::Proved,
            rules,
        },
        log,
        sessions::page::{ActivePage, resolve},
        state::AppState,
        store::{
            StoreError,
            authorization_requests::{self, RequestRecord},
            clients::{self, Client},
            consents, groups,
        },
        tokens::{one_time, refresh::token::RefreshToken},
    },
};
use request::{Asked, PUSHED_PREFIX, Refusal, find_client};

/// How long a request may take, with signing up in between.
const LIFETIME: Duration = Duration::from_secs(600);
/// How long a request may wait for the browser that begins with it (RFC 9126 §2.2).
const PUSHED_LIFETIME: Duration = Duration::from_secs(60);

/// Who is signed in, in the browser that asks.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    pub session: SessionId,
    pub proved: Proved,
}

impl From<&ActivePage> for Person {
    fn from(page: &ActivePage) -> Self {
        let ActivePage { user, session, authenticated_at: at, methods, .. } = page.clone();
        Self { user, session, proved: Proved { at, methods } }
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Next {
    /// The client is answered at this address.
    Answer(String),
    /// The person is asked: by this handle the page finds what. The browser is to keep the cookie.
    Ask { handle: String, cookie: String },
}

/// What the person must be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    SignIn,
    /// Signed in, and too long ago for this client, or with less than it takes.
    Password,
    /// The same, and nothing of theirs is enough but a passkey.
    Passkey,
    /// Everyone needs a second factor here, and this person has none.
    SetUpSecondFactor,
    Consent,
    Nothing,
}

/// What a browser brings along.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// What binds it to its requests, if it has one.
    pub flow: Option<&'a str>,
    /// The refresh token of its session.
    pub token: Option<&'a RefreshToken>,
}

/// A request of a browser.
pub async fn begin(
    state: &AppState,
    context: ActionContext<'_>,
    parameters: &Parameters,
    held: Held<'_>,
) -> Result<Next, Refusal> {
    let Held { flow: cookie, token } = held;
    if let Some(handle) = parameters.get("request_uri").and_then(|uri| uri.strip_prefix(PUSHED_PREFIX)) {
        let person = find_person(state, context, token).await?;
        return begin_stored(state, context, parameters, handle, cookie, person.as_ref()).await;
    }
    let (asked, mut record) = read(state, context, parameters).await?;
    if let Some(code) = issue_at_once(state, context, &asked.client, &record.request, token).await? {
        return Ok(Next::Answer(answer_with_code(state, &record.request, &code)));
    }
    let person = find_person(state, context, token).await?;
    match step(state, &asked.client, &record, person.as_ref()).await? {
        Ok(Step::Nothing) => {
            let person = person.ok_or(Error::NoSession)?;
            state.rate_limiter.check_code(&person.user)?;
            let code = issue(state, context, &record, false, &person, false).await?;
            Ok(Next::Answer(answer_with_code(state, &record.request, &code)))
        }
        Ok(_) => {
            let cookie = one_time::known_or_new(&state.entropy, cookie)?;
            record.browser_hash = Some(one_time::hash(&cookie));
            let handle = store(state, context, record).await?;
            Ok(Next::Ask { handle, cookie })
        }
        Err(error) => Err(refuse(&record.request, error)),
    }
}

/// A code for somebody who need not be asked, as it seems: together with others. Nothing: they must be asked, or refused; or it
/// can't be told in memory whether the token is ours. A forged one keeps nobody from writing.
async fn issue_at_once(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Arc<Client>,
    request: &AuthorizationRequest,
    token: Option<&RefreshToken>,
) -> Result<Option<String>, Error> {
    let prompt = request.prompt;
    let is_ours = |token: &&RefreshToken| {
        matches!(state.salts.is_authentic(token, &state.refresh_keys), Some(Ok(true)))
    };
    let Some(token) = token.filter(is_ours) else { return Ok(None) };
    if prompt.login || prompt.consent || prompt.select_account {
        return Ok(None);
    }
    let sign_in = AppSignIn {
        client: client.clone(),
        request: request.clone(),
        token: token.clone(),
        now: context.now,
        info: context.client.clone(),
    };
    let Some(issued) = state.grants.issued.ask(sign_in).await? else { return Ok(None) };
    let IssuedCode { code, user, is_first_use } = issued;
    log::set_account(&user);
    if is_first_use {
        state.confirmations.note(&token.session, token.generation);
    }
    Ok(Some(code))
}

/// Who is signed in, in the browser that holds this token.
async fn find_person(
    state: &AppState,
    context: ActionContext<'_>,
    token: Option<&RefreshToken>,
) -> Result<Option<Person>, Error> {
    let session = resolve(state, context, token).await?;
    let person = session.active().map(Person::from);
    if let Some(person) = &person {
        log::set_account(&person.user);
    }
    Ok(person)
}

/// A request that came by a form of another site. The browser has sent no cookie with it, so it is stored and begun
/// by the GET that follows. Returns the address of that.
pub async fn begin_by_post(
    state: &AppState,
    context: ActionContext<'_>,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    if let Some(uri) = parameters.get("request_uri").filter(|uri| uri.starts_with(PUSHED_PREFIX)) {
        let client = parameters.get("client_id").unwrap_or_default();
        let fields = [("client_id", client.to_owned()), ("request_uri", uri.to_owned())];
        return Ok(format!("/oauth/authorize?{}", query::encode(fields.iter())));
    }
    let (_, mut record) = read(state, context, parameters).await?;
    record.expires_at = context.now + PUSHED_LIFETIME;
    let client = record.client_id.clone();
    let handle = store(state, context, record).await?;
    Ok(format!("/oauth/authorize?client_id={client}&request_uri={PUSHED_PREFIX}{handle}"))
}

/// What a browser brings along. A client that must push its requests may not send one this way.
async fn read(
    state: &AppState,
    context: ActionContext<'_>,
    parameters: &Parameters,
) -> Result<(Asked, RequestRecord), Refusal> {
    let asked = find_client(state, context, parameters).await?;
    let request = asked.parse(state, parameters).await?;
    if asked.client.require_pushed {
        let error = OAuthError::invalid_request("The client must push its requests.");
        return Err(refuse(&request, error));
    }
    let record = record(context.now, &asked, request);
    Ok((asked, record))
}

/// Binds a stored request that no browser has begun to this one. The page does the rest, unless nobody may be asked.
async fn begin_stored(
    state: &AppState,
    context: ActionContext<'_>,
    parameters: &Parameters,
    handle: &str,
    cookie: Option<&str>,
    person: Option<&Person>,
) -> Result<Next, Refusal> {
    const GONE: Refusal =
        Refusal::Page("This sign-in was begun before or has expired. Go back to the app and start again.");
    let hash = one_time::hash(handle);
    let mut reader = state.store.read().await?;
    let found = authorization_requests::find(&mut reader, &hash).await?;
    let found = found.filter(|found| {
        context.now < found.expires_at && parameters.get("client_id") == Some(found.client_id.as_str())
    });
    let record = found.ok_or(GONE)?;
    let client = clients::by_id(&mut reader, &record.client_id).await?;
    drop(reader);
    let client = client.filter(Client::is_enabled).ok_or(GONE)?;
    if client.require_pushed && !record.pushed {
        return Err(GONE);
    }
    let cookie = one_time::known_or_new(&state.entropy, cookie)?;
    let step = step(state, &client, &record, person).await?;
    let mut tx = state.store.begin().await?;
    let bound =
        authorization_requests::bind(&mut tx, &hash, &one_time::hash(&cookie), context.now + LIFETIME)
            .await?;
    if !bound {
        return Err(GONE);
    }
    // Whoever may not be asked is not led to a page: the client hears of it, and the request is used up.
    if let Err(error) = step {
        authorization_requests::use_up(&mut tx, &hash, context.now).await?;
        tx.commit().await?;
        return Err(refuse(&record.request, error));
    }
    tx.commit().await?;
    Ok(Next::Ask { handle: handle.to_owned(), cookie })
}

/// A stored request that is under way in this browser, with its client.
pub async fn find(
    state: &AppState,
    now: Timestamp,
    handle: &str,
    cookie: Option<&str>,
) -> Result<Option<(RequestRecord, Client)>, Error> {
    let mut reader = state.store.read().await?;
    let Some(record) = authorization_requests::find(&mut reader, &one_time::hash(handle)).await? else {
        return Ok(None);
    };
    let browser = cookie.map(one_time::hash).unwrap_or_default();
    let is_browser =
        record.browser_hash.as_deref().is_some_and(|bound| verify_slices_are_equal(bound, &browser).is_ok());
    if !is_browser || record.used_at.is_some() || now >= record.expires_at {
        return Ok(None);
    }
    let client = clients::by_id(&mut reader, &record.client_id).await?.filter(Client::is_enabled);
    Ok(client.map(|client| (record, client)))
}

/// Whom the app expects that has sent this browser to sign in. It is a wish: whoever signs in is asked.
pub async fn login_hint(
    state: &AppState,
    now: Timestamp,
    handle: &str,
    cookie: Option<&str>,
) -> Result<Option<EmailAddress>, Error> {
    let found = find(state, now, handle, cookie).await?;
    let hint = found.and_then(|(record, _)| record.request.login_hint);
    Ok(hint.and_then(|hint| EmailAddress::parse(&hint).ok()))
}

/// The handle of the request that a local path leads to, if it leads to one.
pub fn handle_in(path: &str) -> Option<String> {
    query::parameter(path.strip_prefix("/consent?")?, "request")
}

/// How many seconds ago, at the most, the person may have proved who they are, for the app that has sent this browser to sign
/// in. Nothing: it demands nothing, or there is no such request.
pub async fn max_age(
    state: &AppState,
    now: Timestamp,
    handle: &str,
    cookie: Option<&str>,
) -> Result<Option<u32>, Error> {
    let found = find(state, now, handle, cookie).await?;
    Ok(found.and_then(|(record, _)| {
        let request = record.request;
        if request.prompt.login { Some(0) } else { request.max_age }
    }))
}

/// What must be asked before a code is issued; or why it is not. It is read here and asked again when it is issued.
pub async fn step(
    state: &AppState,
    client: &Client,
    record: &RequestRecord,
    person: Option<&Person>,
) -> Result<Result<Step, OAuthError>, StoreError> {
    let prompt = record.request.prompt;
    let person = match signed_in(record, person) {
        Ok(person) => person,
        Err(refused) => return Ok(refused),
    };
    let mut reader = state.store.read().await?;
    if met_by(state, record, proved(record, person).methods.level()).is_err() {
        return Ok(match missing(state, record, Factors::of(&mut reader, &person.user).await?) {
            Ok(step @ (Step::Password | Step::Passkey)) => {
                let why = "A second factor is required.";
                unless_silent(record, step, OAuthCode::LoginRequired, why)
            }
            Ok(step) => {
                let why = "A second factor must be set up.";
                unless_silent(record, step, OAuthCode::InteractionRequired, why)
            }
            Err(error) => Err(error),
        });
    }
    if !groups::may_use(&mut reader, &client.id, &person.user).await? {
        return Ok(Err(OAuthError::new(OAuthCode::AccessDenied, "This person may not use this app.")));
    }
    if prompt.consent || prompt.select_account {
        return Ok(Ok(Step::Consent));
    }
    if !client.trusted {
        let consent = consents::find(&mut reader, &person.user, &client.id).await?;
        let request = &record.request;
        if !consent.is_some_and(|consent| consent.covers(&request.scopes, &request.resources)) {
            let why = "This person has not allowed the app what it asks for.";
            return Ok(unless_silent(record, Step::Consent, OAuthCode::ConsentRequired, why));
        }
    }
    Ok(Ok(Step::Nothing))
}

/// The level that a client is told of somebody with this one, if it has asked; or that this one is too low.
fn met_by(state: &AppState, record: &RequestRecord, level: Level) -> Result<Option<Level>, TooLow> {
    rules::met_by(&record.request, state.config.second_factor, level)
}

/// What must be asked of somebody who has proved too little; or that they can prove no more.
fn missing(state: &AppState, record: &RequestRecord, factors: Factors) -> Result<Step, OAuthError> {
    let is_enough = |level| met_by(state, record, level).is_ok();
    if is_enough(factors.reach()) {
        return Ok(Step::Password);
    }
    if factors.has_passkeys() && is_enough(Level::PhishingResistant) {
        return Ok(Step::Passkey);
    }
    match record.request.met_by(factors.reach()) {
        Ok(_) => Ok(Step::SetUpSecondFactor),
        Err(_) => Err(OAuthError::new(
            OAuthCode::UnmetAuthenticationRequirements,
            "This person has no second factor that the client would take.",
        )),
    }
}

/// Whoever it is about, if they have proved it recently enough; or what they must be asked before, or why they are not.
fn signed_in<'a>(
    record: &RequestRecord,
    person: Option<&'a Person>,
) -> Result<&'a Person, Result<Step, OAuthError>> {
    let Some(person) = person else {
        return Err(unless_silent(record, Step::SignIn, OAuthCode::LoginRequired, "Nobody is signed in."));
    };
    // OpenID Connect Core §3.1.2.2: whoever else is signed in is not to be taken for the one it is about.
    if record.request.subject.as_ref().is_some_and(|subject| *subject != person.user) {
        return Err(Err(OAuthError::new(OAuthCode::LoginRequired, "Somebody else is signed in.")));
    }
    if !is_recent(record, person) {
        let why = "The password was not entered recently enough.";
        return Err(unless_silent(record, Step::Password, OAuthCode::LoginRequired, why));
    }
    Ok(person)
}

/// This step, or an error if the client wants nobody to be asked.
fn unless_silent(
    record: &RequestRecord,
    step: Step,
    code: OAuthCode,
    why: &'static str,
) -> Result<Step, OAuthError> {
    if record.request.prompt.none { Err(OAuthError::new(code, why)) } else { Ok(step) }
}

/// Whether the password was entered as recently as the client asks. What counts stands in the stored row, never in
/// a parameter of a later page.
fn is_recent(record: &RequestRecord, person: &Person) -> bool {
    rules::is_recent(&record.request, record.created_at, proved(record, person).at)
}

/// What the person proved last: in their session, or for this very request.
pub fn proved(record: &RequestRecord, person: &Person) -> Proved {
    let for_this = record.authenticated_at.zip(record.methods);
    let for_this = for_this.filter(|_| record.session.as_ref() == Some(&person.session));
    for_this
        .map(|(at, methods)| Proved { at, methods })
        .filter(|proved| proved.at >= person.proved.at)
        .unwrap_or(person.proved)
}

fn record(now: Timestamp, asked: &Asked, request: AuthorizationRequest) -> RequestRecord {
    RequestRecord {
        handle_hash: Vec::new(),
        client_id: asked.client.id.clone(),
        request,
        pushed: false,
        browser_hash: None,
        session: None,
        authenticated_at: None,
        methods: None,
        created_at: now,
        expires_at: now + LIFETIME,
        used_at: None,
    }
}

/// Stores a request under a new handle. Anybody can make us do that, so each network can only so often.
async fn store(state: &AppState, context: ActionContext<'_>, record: RequestRecord) -> Result<String, Error> {
    state.rate_limiter.check_authorization(context)?;
    insert(state, record).await
}

async fn insert(state: &AppState, record: RequestRecord) -> Result<String, Error> {
    let (handle, handle_hash) = one_time::generate(&state.entropy)?;
    let record = RequestRecord { handle_hash, ..record };
    let mut tx = state.store.begin().await?;
    authorization_requests::insert(&mut tx, &record).await?;
    tx.commit().await?;
    Ok(handle)
}

fn refuse(request: &AuthorizationRequest, error: OAuthError) -> Refusal {
    Refusal::Client { redirect_uri: request.redirect_uri.clone(), state: request.state.clone(), error }
}

/// Where the client is answered with a code.
pub fn answer_with_code(state: &AppState, request: &AuthorizationRequest, code: &str) -> String {
    answer::with_code(&request.redirect_uri, request.state.as_deref(), &state.config.tokens.issuer, code)
}

/// Where the client is told of an error.
pub fn answer_with_error(state: &AppState, request: &AuthorizationRequest, error: &OAuthError) -> String {
    answer::with_error(&request.redirect_uri, request.state.as_deref(), &state.config.tokens.issuer, error)
}
