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

use super::{appearance::accent_sheet, assets::AssetPaths};
use crate::{
    app::{
        page_data::{Brand, PageData},
        parts::Part,
        shell::shell,
    },
    model::{
        email::EmailAddress,
        form::FormFailure,
        link::LinkSubject,
        local_path::LocalPath,
        oauth::{consent_page::ConsentPage, device_page::DevicePage},
        query,
        second_factor::UsableFactors,
        upstream::linked::ProviderButton,
    },
    server::{
        accounts::{
            change_email::{self, Proposed},
            invite, reset_password, second_step, setup, sign_in_link, sign_up,
        },
        authentication::{attempt::Attempt, mailed_link::Opened},
        config::Registration,
        error::Error,
        http::csp::ContentSecurityPolicy,
        oauth::authorize,
        request::cookies,
        sessions::page::PageSession,
        state::AppState,
        store::users::User,
        upstream,
    },
};

/// The page of the second step.
const SECOND_STEP: &str = "/login/second-step";
/// The pages with a button for each provider.
const WITH_PROVIDERS: [&str; 2] = ["/login", "/invitation"];

/// Renders the page. Every page is rendered whole before its first byte is sent: its status and its cookies are
/// known by then.
pub async fn render(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let flow = request.extensions().get::<Cookies>().and_then(cookies::flow);
    let attempt = request.extensions().get::<Cookies>().filter(|_| request.uri().path() == SECOND_STEP);
    let attempt = attempt.and_then(cookies::attempt);
    let token = request.extensions().get::<Cookies>().and_then(cookies::link);
    let active = request.extensions().get::<Arc<PageSession>>().and_then(|session| session.active());
    let shows_providers = active.is_none() && WITH_PROVIDERS.contains(&request.uri().path());
    let page = PageData {
        session: active.map(|page| page.view.clone()),
        failure: request.extensions().get::<FormFailure>().cloned(),
        consent: request.extensions().get::<ConsentPage>().cloned(),
        device: request.extensions().get::<DevicePage>().cloned(),
        brand: brand(&state),
        theme: request.extensions().get::<Cookies>().map(cookies::theme).unwrap_or_default(),
        registration_open: state.config.registration == Registration::Open,
        second_step: second_step(&state, attempt).await,
        password_from: state.config.password_rules.min_length,
        setup_open: is_setup_open(&state, request.uri(), token.as_deref()).await,
        link: subject_of_link(&state, request.uri(), token.as_deref(), flow.as_deref()).await,
        mail: state.config.mail.is_some(),
        sign_in_links: state.config.has_sign_in_links(),
        login_hint: login_hint(&state, request.uri(), flow.as_deref()).await,
        providers: if shows_providers { providers(&state).await } else { Vec::new() },
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

/// What the link is about that was opened. A store that does not answer makes it look used; the page says how to get
/// another one.
async fn subject_of_link(
    state: &AppState,
    uri: &Uri,
    token: Option<&str>,
    browser: Option<&str>,
) -> Option<LinkSubject> {
    let opened = Opened { token: token?, browser };
    find_link(state, uri.path(), opened).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a link could not be looked up");
        None
    })
}

async fn find_link(state: &AppState, page: &str, opened: Opened<'_>) -> Result<Option<LinkSubject>, Error> {
    let (now, token) = (state.now(), opened.token);
    let of_address = |account: EmailAddress| LinkSubject { account, address: None, next: None };
    let of_user = |user: User| of_address(user.email);
    let of_proposal =
        |Proposed { user, email }: Proposed| LinkSubject { address: Some(email), ..of_user(user) };
    let of_sign_in = |(user, next): (User, LocalPath)| LinkSubject { next: Some(next), ..of_user(user) };
    Ok(match page {
        "/invitation" => invite::invited(state, now, token).await?.map(of_user),
        "/login/link" => sign_in_link::find(state, now, opened).await?.map(of_sign_in),
        "/reset" => reset_password::find(state, now, token).await?.map(of_user),
        "/register/finish" => sign_up::find(state, now, token).await?.map(of_address),
        "/confirm-email" => change_email::proposed(state, now, token).await?.map(of_proposal),
        "/restore-email" => change_email::revertible(state, now, token).await?.map(of_proposal),
        _ => None,
    })
}

/// What the second step can be done with, on its page. Without a store the page says that the sign-in is over.
async fn second_step(state: &AppState, cookie: Option<String>) -> Option<UsableFactors> {
    let now = state.now();
    let attempt = Attempt::open(state, now, &cookie?)?;
    second_step::usable(state, now, &attempt).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a second step could not be looked up");
        None
    })
}

/// Whom an app expects that has led the browser to the sign-in page. Without a store nothing is filled in.
async fn login_hint(state: &AppState, uri: &Uri, flow: Option<&str>) -> Option<EmailAddress> {
    let query = uri.query().filter(|_| uri.path() == "/login")?;
    let next = query::parameter(query, "next")?;
    let handle = authorize::handle_in(&next)?;
    authorize::login_hint(state, state.now(), &handle, flow).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the hint of an app could not be looked up");
        None
    })
}

/// The providers that people can sign in with. Without a store the password is still there.
async fn providers(state: &AppState) -> Vec<ProviderButton> {
    upstream::providers::buttons(state).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the providers could not be looked up");
        Vec::new()
    })
}

/// Whether a setup link works. A store that is silent makes it look closed, and the page says how to get another one.
async fn is_setup_open(state: &AppState, uri: &Uri, token: Option<&str>) -> bool {
    let Some(token) = token.filter(|_| uri.path() == "/setup") else { return false };
    setup::is_open(state, state.now(), token).await.unwrap_or_else(|error| {
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
