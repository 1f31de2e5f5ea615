//! How pages look: the choice of colours, and what a browser keeps of the portal on a home screen.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;
use tower_cookies::Cookies;

use crate::{
    model::{local_path::LocalPath, query, theme::Theme},
    server::{
        config::brand::BrandConfig,
        http::redirect::{referring_page, see_other},
        request::{caller::wants_html, cookies},
        state::AppState,
    },
};

/// Remembers a choice, for whoever uses this browser: it is about nobody's account.
pub async fn choose(cookies: Cookies, headers: HeaderMap, body: String) -> Response {
    let Some(theme) = query::parameter(&body, "theme").and_then(|name| Theme::parse(&name)) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    cookies::set_theme(&cookies, theme);
    if wants_html(&headers) {
        see_other(&referring_page(&headers).unwrap_or_else(|| LocalPath::page("/")))
    } else {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// How long a browser keeps what an operator has chosen.
const KEPT: &str = "public, max-age=86400";

/// The operator's logo.
pub async fn logo(State(state): State<Arc<AppState>>) -> Response {
    match &state.config.brand.logo {
        Some(logo) => {
            ([(CONTENT_TYPE, logo.content_type), (CACHE_CONTROL, KEPT)], logo.image.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The address of a style sheet with the operator's colour, if there is one.
pub fn accent_sheet(brand: &BrandConfig) -> Option<String> {
    brand.accent.map(|accent| format!("/brand/accent.css?{accent}"))
}

/// The operator's colour.
pub async fn accent(State(state): State<Arc<AppState>>) -> Response {
    match &state.config.brand.accent {
        Some(accent) => ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, KEPT)], accent.style())
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The web app manifest.
pub async fn manifest(State(state): State<Arc<AppState>>) -> Response {
    let icon = |src: &str, sizes: &str, kind: &str| json!({ "src": src, "sizes": sizes, "type": kind });
    let manifest = json!({
        "name": state.config.brand.name,
        "start_url": "/dashboard",
        "display": "minimal-ui",
        "icons": [icon("/favicon.svg", "any", "image/svg+xml"), icon("/touch-icon.png", "180x180", "image/png")],
    });
    ([(CONTENT_TYPE, "application/manifest+json")], Json(manifest)).into_response()
}
