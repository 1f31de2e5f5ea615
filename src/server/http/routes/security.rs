//! Whom to tell about a vulnerability (RFC 9116).

use std::{fmt::Write, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::server::state::AppState;

/// The standard wants less than a year. It is made anew at each request, so it never expires while the program runs.
const GOOD_FOR: Duration = Duration::from_secs(180 * 86_400);

/// The contacts from the configuration; nothing where there are none.
pub async fn contact(State(state): State<Arc<AppState>>) -> Response {
    let contacts = &state.config.security_contacts;
    if contacts.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut text = String::new();
    for contact in contacts {
        let _ = writeln!(text, "Contact: {contact}");
    }
    let _ = writeln!(text, "Expires: {}", (state.now() + GOOD_FOR).to_utc().0);
    let _ = writeln!(text, "Preferred-Languages: en");
    let _ = writeln!(text, "Canonical: {}.well-known/security.txt", state.config.public_url);
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
