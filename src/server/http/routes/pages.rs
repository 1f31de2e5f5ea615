//! Pages, rendered by Leptos.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State as Shared},
    http::{HeaderValue, StatusCode, Uri, header::CONTENT_SECURITY_POLICY},
    response::{IntoResponse, Response},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{ResponseOptions, render_app_async_with_context};

use super::assets::AssetPaths;
use crate::{
    api::form::FormFailure,
    app::{Document, shell},
    model::email::EmailAddress,
    server::{
        accounts::{invite, setup},
        config::Registration,
        sessions::page::PageSession,
        state::State,
    },
};

/// Renders the page. Every page is rendered whole before its first byte is sent: its status and its cookies are
/// known by then.
pub async fn render(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let document = Document {
        session: request
            .extensions()
            .get::<PageSession>()
            .and_then(PageSession::active)
            .map(|page| page.view.clone()),
        failure: request.extensions().get::<FormFailure>().cloned(),
        registration_open: state.config.registration == Registration::Open,
        setup_open: is_setup_open(&state, link_token(request.uri(), "/setup")).await,
        invited: invited(&state, link_token(request.uri(), "/invitation")).await,
    };
    let assets = AssetPaths::current();
    let context = move || {
        provide_context(state.clone());
        provide_context(document.clone());
        add_content_security_policy();
    };
    let handler =
        render_app_async_with_context(context, move || shell(&assets.script, &assets.wasm, &assets.style));
    handler(request.map(Body::new)).await.into_response()
}

/// The token of a link to this page.
fn link_token(uri: &Uri, page: &str) -> Option<String> {
    let query = uri.query().filter(|_| uri.path() == page)?;
    url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, token)| (name == "token").then(|| token.into_owned()))
}

/// The address of whoever is invited by a link that works.
async fn invited(state: &State, token: Option<String>) -> Option<EmailAddress> {
    let invited = invite::invited(state, state.now(), &token?).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an invitation could not be looked up");
        None
    });
    invited.map(|user| user.email)
}

/// Whether a setup link works. A store that is silent makes it look closed, and the page says how to get another one.
async fn is_setup_open(state: &State, token: Option<String>) -> bool {
    let Some(token) = token else { return false };
    setup::is_open(state, state.now(), &token).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a setup link could not be looked up");
        false
    })
}

/// A path of no page.
pub async fn not_found(state: Shared<Arc<State>>, request: Request) -> Response {
    let mut response = render(state, request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Scripts of ours and those with this page's nonce; WebAssembly; nothing from elsewhere.
fn add_content_security_policy() {
    let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    // `cargo leptos watch` reloads pages over a socket of its own.
    let reload = if std::env::var_os("LEPTOS_WATCH").is_some() {
        " ws://localhost:3001 ws://127.0.0.1:3001"
    } else {
        ""
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{reload}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        options.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}
