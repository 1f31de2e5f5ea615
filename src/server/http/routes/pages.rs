//! Pages, rendered by Leptos.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header::CONTENT_SECURITY_POLICY},
    response::{IntoResponse, Response},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{ResponseOptions, render_app_async_with_context};

use tower_cookies::Cookies;

use super::{
    appearance::{accent_sheet, theme},
    assets::AssetPaths,
};
use crate::{
    app::{
        page_data::{Brand, PageData},
        parts::Part,
        shell::shell,
    },
    model::{
        email::EmailAddress,
        form::FormFailure,
        oauth::{consent_page::ConsentPage, device_page::DevicePage},
        query,
        second_factor::SecondFactor,
    },
    server::{
        accounts::{invite, reset_password, second_step, setup},
        authentication::attempt::Attempt,
        config::Registration,
        error::Error,
        http::csp::ContentSecurityPolicy,
        oauth::authorize,
        request::cookies,
        sessions::page::PageSession,
        state::AppState,
        store::users::User,
    },
};

/// The page of the second step.
const SECOND_STEP: &str = "/login/second-step";

/// Renders the page. Every page is rendered whole before its first byte is sent: its status and its cookies are
/// known by then.
pub async fn render(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let flow = request.extensions().get::<Cookies>().and_then(cookies::flow);
    let attempt = request.extensions().get::<Cookies>().filter(|_| request.uri().path() == SECOND_STEP);
    let attempt = attempt.and_then(cookies::attempt);
    let page = PageData {
        session: request
            .extensions()
            .get::<Arc<PageSession>>()
            .and_then(|session| session.active())
            .map(|page| page.view.clone()),
        failure: request.extensions().get::<FormFailure>().cloned(),
        consent: request.extensions().get::<ConsentPage>().cloned(),
        device: request.extensions().get::<DevicePage>().cloned(),
        brand: brand(&state),
        theme: request.extensions().get::<Cookies>().map(theme).unwrap_or_default(),
        registration_open: state.config.registration == Registration::Open,
        second_step: second_step(&state, attempt).await,
        setup_open: is_setup_open(&state, link_token(request.uri(), "/setup")).await,
        invited: match link_token(request.uri(), "/invitation") {
            Some(token) => email_of(invite::invited(&state, state.now(), &token).await),
            None => None,
        },
        reset_for: match link_token(request.uri(), "/reset") {
            Some(token) => email_of(reset_password::find(&state, state.now(), &token).await),
            None => None,
        },
        login_hint: login_hint(&state, request.uri(), flow.as_deref()).await,
    };
    let assets = AssetPaths::of(Part::of(request.uri().path()).map(|part| part.name));
    // A release never listens to a development tool.
    let live_reload = cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some();
    let policy = ContentSecurityPolicy { live_reload, ..ContentSecurityPolicy::default() };
    let accent = accent_sheet(&state.config.brand);
    let context = move || {
        provide_context(state.clone());
        provide_context(page.clone());
        set_content_security_policy(&policy);
    };
    let handler = render_app_async_with_context(context, move || {
        shell(&assets.script, &assets.wasm, &assets.style, accent.as_deref(), &assets.part)
    });
    handler(request.map(Body::new)).await.into_response()
}

fn brand(state: &AppState) -> Brand {
    let brand = &state.config.brand;
    Brand { name: brand.name.clone(), logo: brand.logo.is_some() }
}

/// The token of a link to this page.
fn link_token(uri: &Uri, page: &str) -> Option<String> {
    query::parameter(uri.query().filter(|_| uri.path() == page)?, "token")
}

/// The address of whoever a link is for. A store that does not answer makes the link look used; the page says how to
/// get another one.
fn email_of(found: Result<Option<User>, Error>) -> Option<EmailAddress> {
    let found = found.unwrap_or_else(|error| {
        tracing::error!(%error, "a link could not be looked up");
        None
    });
    found.map(|user| user.email)
}

/// What the second step can be done with, on its page. Without a store the page says that the sign-in is over.
async fn second_step(state: &AppState, cookie: Option<String>) -> Option<Vec<SecondFactor>> {
    let attempt = Attempt::open(state, state.now(), &cookie?)?;
    second_step::usable(state, &attempt).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a second step could not be looked up");
        None
    })
}

/// Whom an app expects that has led the browser to the sign-in page. Without a store nothing is filled in.
async fn login_hint(state: &AppState, uri: &Uri, flow: Option<&str>) -> Option<EmailAddress> {
    let query = uri.query().filter(|_| uri.path() == "/login")?;
    let next = query::parameter(query, "next")?;
    let handle = query::parameter(next.strip_prefix("/consent?")?, "request")?;
    authorize::login_hint(state, state.now(), &handle, flow).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the hint of an app could not be looked up");
        None
    })
}

/// Whether a setup link works. A store that is silent makes it look closed, and the page says how to get another one.
async fn is_setup_open(state: &AppState, token: Option<String>) -> bool {
    let Some(token) = token else { return false };
    setup::is_open(state, state.now(), &token).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a setup link could not be looked up");
        false
    })
}

/// A path of no page.
pub async fn not_found(state: State<Arc<AppState>>, request: Request) -> Response {
    let mut response = render(state, request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Sets the page's policy before its first byte, with the nonce that its scripts carry.
fn set_content_security_policy(policy: &ContentSecurityPolicy) {
    let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    if let Ok(header) = HeaderValue::from_str(&policy.header(&nonce)) {
        options.insert_header(CONTENT_SECURITY_POLICY, header);
    }
}
