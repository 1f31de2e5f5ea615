//! The router, as a table of contents.

pub mod endpoints;
pub mod middleware;
pub mod routes;

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use leptos_axum::{AxumRouteListing, generate_route_list};
use tower_cookies::CookieManagerLayer;
use tower_http::catch_panic::CatchPanicLayer;

use super::state::State;
use crate::app::App;
use routes::{account, assets, export, functions, health, keys, pages};

/// Largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// The program as one service.
pub fn router(state: Arc<State>) -> Router {
    let pages = page_routes()
        .iter()
        .fold(Router::new(), |router, page| router.route(page.path(), get(pages::render)))
        .route("/admin/audit/export", get(export::audit_log))
        .fallback(pages::not_found)
        .layer(from_fn_with_state(state.clone(), middleware::guard::guard_page));

    let functions = Router::new()
        .route("/api/{*function}", post(functions::call).fallback(functions::wrong_method))
        .route("/api", get(functions::unknown).fallback(functions::unknown))
        .layer(from_fn(middleware::answer::shape_answer))
        .layer(from_fn(middleware::form::check_form))
        .layer(DefaultBodyLimit::max(MAX_BODY));

    let plain = Router::new()
        .route("/oauth/userinfo", get(account::userinfo).post(account::userinfo))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .route("/.well-known/change-password", get(account::change_password))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/pkg/{version}/{*file}", get(assets::package))
        .route("/favicon.svg", get(assets::public))
        .route("/robots.txt", get(assets::public));

    Router::new()
        .merge(functions)
        .merge(plain)
        .merge(pages)
        .with_state(state.clone())
        .layer(from_fn_with_state(state.clone(), middleware::cross_site::refuse_cross_site))
        .layer(CookieManagerLayer::new())
        .layer(from_fn(middleware::deadline::keep_deadline))
        .layer(CatchPanicLayer::custom(middleware::panic_answer))
        .layer(from_fn_with_state(state.clone(), middleware::headers::add_headers))
        .layer(from_fn_with_state(state, middleware::trace::trace))
}

/// The pages that the app has. Found by rendering it once, which toggles a flag of the whole process: once is enough.
fn page_routes() -> &'static [AxumRouteListing] {
    static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();
    ROUTES.get_or_init(|| generate_route_list(App))
}
