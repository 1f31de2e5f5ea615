//! The router, as a table of contents.

mod csp;
pub mod endpoints;
mod error;
pub mod middleware;
mod plain_page;
mod redirect;
pub mod routes;
pub mod serve;
mod site;

use std::sync::Arc;

use any_spawner::Executor;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{Method, StatusCode},
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
    routing::{get, post},
};
use tower::ServiceBuilder;
use tower_cookies::CookieManagerLayer;
use url::Url;

use super::state::AppState;
use crate::{app::components::footer::APPEARANCE, model::access::PAGES};
use routes::{
    account, appearance, assets, export, functions, health, keys, oauth, pages, security, upstream,
};

/// Largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// The program as one service.
pub fn router(state: Arc<AppState>) -> Router {
    // Leptos runs what pages and server functions wait for on this runtime. Once for the process; then it says so.
    let _ = Executor::init_tokio();
    let pages = PAGES
        .iter()
        .filter(|(page, _)| *page != "/consent")
        .fold(Router::new(), |router, (page, _)| router.route(&route_of(page), get(pages::render)))
        .route("/admin/audit/export", get(export::audit_log))
        .route("/oauth/logout", get(oauth::logout::get))
        .route("/oauth/logout/confirm", post(oauth::logout::confirm))
        .route("/consent", get(oauth::consent::show).post(oauth::consent::answer))
        .route("/device", post(oauth::device::answer))
        .route("/auth/upstream/{slug}", post(upstream::begin).layer(DefaultBodyLimit::max(MAX_BODY)))
        .route("/auth/upstream/{slug}/callback", get(upstream::callback))
        .fallback(pages::not_found)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), middleware::cross_site::refuse_cross_site))
                .layer(from_fn(middleware::link_token::hide_token))
                .layer(from_fn_with_state(state.clone(), middleware::authorize_page::authorize_page)),
        );

    let functions = Router::new()
        .route("/api/{*function}", post(functions::call).fallback(functions::wrong_method))
        .route("/api", get(functions::unknown).fallback(functions::unknown))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), middleware::cross_site::refuse_cross_site))
                .layer(from_fn(middleware::form::validate_form))
                .layer(from_fn(middleware::response::map_response)),
        );

    // What clients call. No cookie counts here, so a page of another site may ask, and may read the answer: it has nothing
    // to ride on.
    let protocol = Router::new()
        .route("/.well-known/openid-configuration", get(oauth::discovery::server))
        .route("/.well-known/oauth-authorization-server", get(oauth::discovery::server))
        .route("/.well-known/oauth-protected-resource", get(oauth::discovery::resource))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .route("/.well-known/paserk.json", get(keys::paserks))
        .route("/oauth/userinfo", get(oauth::userinfo::get).post(oauth::userinfo::post))
        .route("/oauth/token", post(oauth::token::token))
        .route("/oauth/device_authorization", post(oauth::device::begin))
        .route("/oauth/par", post(oauth::par::push))
        .route("/oauth/introspect", post(oauth::introspect::introspect))
        .route("/oauth/revoke", post(oauth::revoke::revoke))
        .layer(from_fn(middleware::cors::allow_all_origins));

    // No cookie counts here either, but for the one of whoever is signed in and is led to an app.
    let plain = Router::new()
        .route(
            "/oauth/authorize",
            get(oauth::authorize::get).post(oauth::authorize::post).layer(DefaultBodyLimit::max(MAX_BODY)),
        )
        .route("/oauth/logout", post(oauth::logout::post).layer(DefaultBodyLimit::max(MAX_BODY)))
        .route("/auth/upstream/{slug}/logout", post(upstream::logout).layer(DefaultBodyLimit::max(MAX_BODY)))
        .route("/.well-known/change-password", get(account::change_password))
        .route("/.well-known/security.txt", get(security::contact))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/pkg/{version}/{*file}", get(assets::package))
        .route("/brand/logo", get(appearance::logo))
        .route("/brand/accent.css", get(appearance::accent))
        .route("/manifest.webmanifest", get(appearance::manifest))
        .route("/favicon.svg", get(assets::public))
        .route("/touch-icon.png", get(assets::public))
        .route("/robots.txt", get(assets::public));

    let appearance = Router::new()
        .route(APPEARANCE, post(appearance::choose))
        .layer(from_fn_with_state(state.clone(), middleware::cross_site::refuse_cross_site));

    Router::new()
        .merge(functions)
        .merge(protocol)
        .merge(appearance)
        .merge(plain)
        .merge(pages)
        .with_state(state.clone())
        // The first is the outermost. Layers that a router gets one by one go into boxes, each around the one before.
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state, middleware::every_request::every_request))
                .layer(DefaultBodyLimit::max(MAX_BODY))
                .layer(CookieManagerLayer::new()),
        )
}

/// What answers at the plain port where the program speaks TLS at the other: the way there. What was sent already was sent
/// in the clear, so only a page is led on.
pub fn redirect_to_https(public_url: &Url) -> Router {
    let origin = public_url.origin().ascii_serialization();
    Router::new().fallback(async move |request: Request| match *request.method() {
        Method::GET | Method::HEAD => redirect::to_origin(&origin, request.uri()),
        _ => (StatusCode::FORBIDDEN, "This address speaks no TLS. Use https.\n").into_response(),
    })
}

/// Where a page is, as axum writes it: `{id}` where the table of pages has `:id`.
fn route_of(page: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    };
    page.split('/').map(segment).collect::<Vec<_>>().join("/")
}
