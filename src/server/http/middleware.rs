//! What happens to every request before and after its handler.

pub mod answer;
pub mod cross_site;
pub mod deadline;
pub mod flash;
pub mod form;
pub mod guard;
pub mod headers;
pub mod trace;

use std::any::Any;

use axum::{
    Json,
    body::Body,
    http::{
        HeaderValue, Response, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::IntoResponse,
};

use crate::api::error::{ApiError, Code};

impl IntoResponse for ApiError {
    /// Status, headers and body of an error, for every path that answers with JSON.
    fn into_response(self) -> axum::response::Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let challenge = challenge(self.code);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// How to do better next time (RFC 6750 §3).
fn challenge(code: Code) -> Option<&'static str> {
    match code {
        Code::MissingToken => Some("Bearer"),
        Code::InvalidToken => Some(r#"Bearer error="invalid_token""#),
        // RFC 9470 §3; the age in seconds.
        Code::ReauthenticationRequired => {
            Some(r#"Bearer error="insufficient_user_authentication", max_age=900"#)
        }
        Code::Forbidden => Some(r#"Bearer error="insufficient_scope""#),
        _ => None,
    }
}

/// A panic is a bug of ours; it ends one request and not the program.
pub fn panic_answer(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let what =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = what.unwrap_or("?"), "a request panicked");
    ApiError::new(Code::Internal, "Something went wrong on our side.").into_response()
}
