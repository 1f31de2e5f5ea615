//! `POST /auth/upstream/SLUG`, `GET /auth/upstream/SLUG/callback` and `POST /auth/upstream/SLUG/logout`: to a provider and back,
//! and what the provider says when somebody has signed out there.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{
        HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;
use tower_cookies::Cookies;

use crate::{
    model::{access::after_sign_in, error::ApiError, upstream::slug::ProviderSlug},
    server::{
        client_info::{ActionContext, ClientInfo},
        error::Error,
        http::{plain_page, redirect::see_other},
        oauth::parameters::Parameters,
        request::{caller::Caller, cookies},
        sessions::{
            page::{ActivePage, PageSession},
            start::Started,
        },
        state::AppState,
        store::upstream_logins::LoginPurpose,
        tokens::one_time,
        upstream::{
            begin::{Wish, begin as begin_login},
            finish::{Finished, Held, NotFinished, finish},
            logout::receive,
            providers,
            refused::Refused,
        },
    },
};

/// Leads somebody to a provider. The middleware refuses forms of other sites.
pub async fn begin(
    caller: Caller,
    Extension(session): Extension<Arc<PageSession>>,
    cookies: Cookies,
    Path(slug): Path<String>,
    parameters: Parameters,
) -> Response {
    let (state, context) = (&caller.state, caller.context());
    let Ok(slug) = ProviderSlug::parse(&slug) else { return unknown(&caller) };
    let purpose = purpose(&parameters, cookies::link(&cookies), session.active());
    let next = after_sign_in(parameters.get("next"));
    let wish = Wish { purpose, next: next.clone() };
    match begin_login(state, context, &slug, cookies::flow(&cookies).as_deref(), wish).await {
        Ok(begun) => {
            cookies::set_flow(&cookies, begun.cookie);
            plain_page::lead_to_provider((&caller).into(), begun.provider.name.as_str(), &begun.address)
        }
        Err(why) => refuse(&caller, &slug, NotFinished { why, next }).await,
    }
}

/// What somebody goes there for: accepting the invitation whose link they have opened, proving once more who is signed in,
/// or signing in.
fn purpose(parameters: &Parameters, link: Option<String>, page: Option<&ActivePage>) -> LoginPurpose {
    if let Some(token) = link.filter(|_| parameters.get("invitation").is_some()) {
        return LoginPurpose::Invitation(one_time::hash(&token));
    }
    match page.filter(|_| parameters.get("again").is_some()) {
        Some(page) => LoginPurpose::StepUp { user: page.user.clone(), session: page.session.clone() },
        None => LoginPurpose::SignIn,
    }
}

/// Somebody comes back from a provider.
pub async fn callback(
    caller: Caller,
    Extension(session): Extension<Arc<PageSession>>,
    cookies: Cookies,
    Path(slug): Path<String>,
    uri: Uri,
) -> Response {
    let (state, context) = (&caller.state, caller.context());
    let Ok(slug) = ProviderSlug::parse(&slug) else { return unknown(&caller) };
    let parameters = Parameters::parse(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    let (cookie, person) = (cookies::flow(&cookies), session.active().map(ActivePage::principal));
    let held = Held {
        cookie: cookie.as_deref(),
        refresh_token: caller.refresh_token.as_ref(),
        person: person.as_ref(),
    };
    match finish(state, context, &slug, &parameters, held).await {
        Ok(finished) => go_on(&caller, &cookies, finished),
        Err(refused) => refuse(&caller, &slug, refused).await,
    }
}

/// On to where they wanted to go, or to the second step: by a page of ours, because its cookie is not sent along while a
/// chain of redirects lasts that another site has begun.
fn go_on(caller: &Caller, cookies: &Cookies, Finished { started, next }: Finished) -> Response {
    match started {
        Some(Started::Session(issued)) => {
            caller.refreshed(issued);
            if cookies::attempt(cookies).is_some() {
                cookies::clear_attempt(cookies);
            }
        }
        Some(Started::SecondStep(made)) => {
            cookies::set_attempt(cookies, made.cookie);
            return plain_page::lead_to_second_step(caller.into(), next.second_step().as_str());
        }
        None => {}
    }
    see_other(&next)
}

/// Takes a logout token of a provider. What is wrong with one stands in the log alone.
pub async fn logout(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<Arc<ClientInfo>>,
    Path(slug): Path<String>,
    parameters: Parameters,
) -> Response {
    let context = ActionContext { now: state.now(), client: &client };
    let Ok(slug) = ProviderSlug::parse(&slug) else { return StatusCode::NOT_FOUND.into_response() };
    let token = parameters.get("logout_token").unwrap_or_default();
    let status = match receive(&state, context, &slug, token).await {
        Ok(sessions) => {
            tracing::info!(provider = %slug, sessions, "a provider has said that somebody signed out");
            StatusCode::OK
        }
        Err(Refused::NoProvider) => StatusCode::NOT_FOUND,
        Err(Refused::Unavailable(reason)) => {
            tracing::warn!(provider = %slug, %reason, "a logout token could not be verified; it is to be sent again");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(Refused::Fault(error)) => {
            tracing::error!(provider = %slug, %error, "a logout token could not be taken; it is to be sent again");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(refused) => {
            tracing::warn!(provider = %slug, ?refused, "a logout token was refused");
            StatusCode::BAD_REQUEST
        }
    };
    answer_to_provider(status)
}

fn answer_to_provider(status: StatusCode) -> Response {
    let mut response = match status {
        StatusCode::BAD_REQUEST => (status, Json(json!({ "error": "invalid_request" }))).into_response(),
        status => status.into_response(),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}

/// A page that names the provider, says what the person can do, and nothing of what was wrong with an answer.
async fn refuse(caller: &Caller, slug: &ProviderSlug, refused: NotFinished) -> Response {
    let NotFinished { why: refused, next } = refused;
    let state = &caller.state;
    if let Err(error) = refused.record(state, caller.context(), slug).await {
        return plain_page::fault(caller.into(), ApiError::from(Error::from(error)));
    }
    let provider = match &refused {
        Refused::NoProvider => None,
        _ => providers::get(state, slug).await.ok(),
    };
    let Some(provider) = provider else { return unknown(caller) };
    let name = provider.name.as_str();
    let Some((status, why)) = explain(&refused, name) else {
        let Refused::Fault(error) = refused else { return unknown(caller) };
        return plain_page::fault(caller.into(), ApiError::from(error));
    };
    let mut response = plain_page::no_provider(caller.into(), status, name, &why, &next);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// What the page says.
fn explain(refused: &Refused, name: &str) -> Option<(StatusCode, String)> {
    Some(match refused {
        Refused::NoProvider | Refused::Fault(_) => return None,
        Refused::Gone => (
            StatusCode::BAD_REQUEST,
            "This sign-in was finished before, has expired or was begun in another browser. Start again."
                .to_owned(),
        ),
        Refused::Declined => (StatusCode::BAD_REQUEST, format!("{name} did not sign you in.")),
        Refused::NotBelieved(_) => (
            StatusCode::BAD_GATEWAY,
            format!(
                "The answer of {name} could not be verified, so nobody was signed in. Try again, or tell an administrator."
            ),
        ),
        Refused::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{name} does not answer. Try again in a moment, or sign in with your password."),
        ),
        Refused::NoAccount => (
            StatusCode::FORBIDDEN,
            format!(
                "There is no account here that belongs to yours at {name}. If you have a password here, sign in with it and \
                 link {name} to your account. Otherwise ask an administrator for an account."
            ),
        ),
        Refused::NoAddress => (
            StatusCode::FORBIDDEN,
            format!(
                "{name} does not say an email address that an account could be made for. Ask an administrator for an account."
            ),
        ),
        Refused::AddressTaken => (
            StatusCode::CONFLICT,
            format!(
                "There is already an account with your email address. If it is yours, sign in with your password and link \
                 {name} to it."
            ),
        ),
        Refused::InvitationClosed => (
            StatusCode::FORBIDDEN,
            "This invitation was used or has expired. Ask an administrator for a new one.".to_owned(),
        ),
        Refused::LinkedElsewhere => (
            StatusCode::CONFLICT,
            format!(
                "Your account at {name} is linked to another account here, or yours here to another one at {name}."
            ),
        ),
        Refused::OtherPerson => (
            StatusCode::FORBIDDEN,
            "You are no longer signed in as you were when this began. Sign in and start again.".to_owned(),
        ),
    })
}

fn unknown(caller: &Caller) -> Response {
    plain_page::problem(
        caller.into(),
        StatusCode::NOT_FOUND,
        "There is no such provider",
        "Nobody can sign in this way here.",
    )
}
