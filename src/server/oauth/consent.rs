//! Asking the person. The question and the decision carry the handle of the stored request and nothing else of it.

use serde_json::json;

use super::{
    authorize::{self, Person, Step, answer_with_code, answer_with_error},
    error::{OAuthCode, OAuthError},
};
use crate::{
    model::{
        id::{SessionId, UserId},
        oauth::{
            client_id::ClientId,
            consent_page::{ConsentPage, Question},
            redirect_uri::RedirectUri,
            resource::Resources,
            revocation::RevocationReason,
            scope::{self, Scopes},
        },
    },
    server::{
        authentication::{evidence::Evidence, factors::Factors},
        change::Change,
        client_info::ActionContext,
        error::Error,
        sessions::client_sessions,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            authorization_requests::{self, RequestRecord},
            client_sessions::Ending,
            clients::Client,
            consents, users,
        },
    },
};

/// What the page shows or does.
#[derive(Debug)]
pub enum Asking {
    /// There is no such request in this browser any more.
    Gone,
    /// Nothing is left to ask: the client is answered at this address.
    Answer(String),
    Page(Box<ConsentPage>),
}

/// What is to be asked of the person who is signed in. It is remembered whom it was shown to: nobody else decides.
pub async fn ask(
    state: &AppState,
    context: ActionContext<'_>,
    handle: &str,
    cookie: Option<&str>,
    person: &Person,
) -> Result<Asking, Error> {
    let Some((record, client)) = authorize::find(state, context.now, handle, cookie).await? else {
        return Ok(Asking::Gone);
    };
    let question = match authorize::step(state, &client, &record, Some(person)).await? {
        Ok(Step::Nothing) => return answer(state, context, &record, person, false).await,
        Ok(Step::Password | Step::SignIn) => {
            let factors = Factors::of(&mut state.store.read().await?, &person.user).await?;
            Question::Password { and_code: factors.need_second_step(), or_passkey: factors.has_passkeys() }
        }
        Ok(Step::Passkey) => Question::Passkey,
        Ok(Step::SetUpSecondFactor) => Question::SetUpSecondFactor,
        Ok(Step::Consent) => Question::Allow,
        Err(error) => return refuse(state, context, &record, &error).await,
    };
    if record.session.as_ref() != Some(&person.session) {
        let mut tx = state.store.begin().await?;
        authorization_requests::show_to(&mut tx, &record.handle_hash, &person.session).await?;
        tx.commit().await?;
    }
    let user = state.loader.user(&person.user).await?.ok_or(Error::NoSession)?;
    let page = page(handle, &record, &client, user.email.to_string(), question);
    Ok(Asking::Page(Box::new(page)))
}

/// The person has proved who they are for this request. It is remembered there: the session itself moves only for whoever
/// holds its newest refresh token, and at most once in half a minute.
pub async fn authenticated(
    state: &AppState,
    context: ActionContext<'_>,
    handle: &str,
    cookie: Option<&str>,
    session: &SessionId,
    evidence: Evidence,
) -> Result<(), Error> {
    if let Some((record, _)) = authorize::find(state, context.now, handle, cookie).await? {
        let mut tx = state.store.begin().await?;
        let proved = (evidence.verified_at(), evidence.methods());
        authorization_requests::authenticate(&mut tx, &record.handle_hash, session, proved).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The person has decided.
pub async fn decide(
    state: &AppState,
    context: ActionContext<'_>,
    handle: &str,
    cookie: Option<&str>,
    person: &Person,
    allows: bool,
) -> Result<Asking, Error> {
    let Some((record, client)) = authorize::find(state, context.now, handle, cookie).await? else {
        return Ok(Asking::Gone);
    };
    // Somebody else has signed in meanwhile, or has to say who they are first: they are asked themselves.
    let step = authorize::step(state, &client, &record, Some(person)).await?;
    let asked = record.session.as_ref() == Some(&person.session);
    match step {
        Err(error) => refuse(state, context, &record, &error).await,
        Ok(_) if !asked => ask(state, context, handle, cookie, person).await,
        Ok(_) if !allows => deny(state, context, &record, person).await,
        Ok(Step::Consent | Step::Nothing) => answer(state, context, &record, person, true).await,
        Ok(Step::Password | Step::Passkey | Step::SignIn | Step::SetUpSecondFactor) => {
            ask(state, context, handle, cookie, person).await
        }
    }
}

async fn answer(
    state: &AppState,
    context: ActionContext<'_>,
    record: &RequestRecord,
    person: &Person,
    consents: bool,
) -> Result<Asking, Error> {
    state.rate_limiter.check_code(&person.user)?;
    match authorize::issue(state, context, record, true, person, consents).await {
        Ok(code) => Ok(Asking::Answer(answer_with_code(state, &record.request, &code))),
        // Another tab was faster.
        Err(Error::NotFound) => Ok(Asking::Gone),
        Err(error) => Err(error),
    }
}

async fn deny(
    state: &AppState,
    context: ActionContext<'_>,
    record: &RequestRecord,
    person: &Person,
) -> Result<Asking, Error> {
    let error = OAuthError::new(OAuthCode::AccessDenied, "The person did not allow it.");
    let detail = json!({ "client": record.client_id.as_str(), "scope": record.request.scopes.to_string() });
    let event = Event::new(EventKind::ConsentDenied).by(&person.user).about(&person.user);
    end(state, context, record, &error, Some(event.of(&person.session).with(detail))).await
}

async fn refuse(
    state: &AppState,
    context: ActionContext<'_>,
    record: &RequestRecord,
    error: &OAuthError,
) -> Result<Asking, Error> {
    end(state, context, record, error, None).await
}

/// Uses the request up and tells the client of an error.
async fn end(
    state: &AppState,
    context: ActionContext<'_>,
    record: &RequestRecord,
    error: &OAuthError,
    event: Option<Event>,
) -> Result<Asking, Error> {
    let mut change = Change::begin(state, context).await?;
    if !authorization_requests::use_up(change.tx(), &record.handle_hash, context.now).await? {
        return Ok(Asking::Gone);
    }
    if let Some(event) = event {
        change.record(event).await?;
    }
    change.commit().await?;
    Ok(Asking::Answer(answer_with_error(state, &record.request, error)))
}

/// Takes back what somebody has allowed a client. Its sessions and grants end at once, offline ones too.
pub async fn revoke(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    user: &UserId,
    client: &ClientId,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    users::lock_by_id(change.tx(), user).await?.ok_or(Error::NotFound)?;
    let existed = consents::delete(change.tx(), user, client).await?;
    let which = Ending::Between(user, client);
    let ended = client_sessions::end(&mut change, which, RevocationReason::ConsentRevoked).await?;
    if !existed && ended.is_empty() {
        return Err(Error::NotFound);
    }
    let detail = json!({ "client": client.as_str() });
    change.record(Event::new(EventKind::ConsentRevoked).maybe_by(actor).about(user).with(detail)).await?;
    Ok(change.commit().await?)
}

/// What a client may do, for the person who allows it.
pub fn in_words(scopes: &Scopes, resources: &Resources) -> Vec<String> {
    let words = |scope: &str| {
        scope::meaning(scope).map_or_else(|| format!("Use \u{201c}{scope}\u{201d}"), str::to_owned)
    };
    let services = resources.iter().map(|resource| format!("Act for you at {resource}"));
    scopes.in_order().into_iter().map(words).chain(services).collect()
}

fn page(
    handle: &str,
    record: &RequestRecord,
    client: &Client,
    email: String,
    question: Question,
) -> ConsentPage {
    let request = &record.request;
    let target = RedirectUri::parse(&request.redirect_uri);
    ConsentPage {
        request: handle.to_owned(),
        client: client.name.to_string(),
        developer: client.developer.as_ref().map(ToString::to_string),
        target: target.map(|uri| uri.target().to_owned()).unwrap_or_default(),
        wishes: in_words(&request.scopes, &request.resources),
        email,
        question,
        problem: None,
    }
}
