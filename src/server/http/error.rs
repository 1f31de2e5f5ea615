//! Errors as HTTP responses.

use std::panic::AssertUnwindSafe;

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use serde_json::json;

use crate::{
    model::error::{ApiError, Code},
    server::{
        oauth::error::{OAuthCode, OAuthError},
        survive::message,
    },
};

impl IntoResponse for ApiError {
    /// Status, headers and body of an error, for every path that answers with JSON.
    fn into_response(self) -> Response {
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

impl IntoResponse for OAuthError {
    /// The error of an endpoint that clients call (RFC 6749 §5.2).
    fn into_response(self) -> Response {
        let Self { code, description, basic, retry_after } = self;
        tracing::info!(code = code.as_str(), %description, "a client was refused");
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "error": code.as_str(), "error_description": description });
        let mut response = (status, Json(body)).into_response();
        if code == OAuthCode::InvalidClient && basic {
            let challenge = HeaderValue::from_static(r#"Basic realm="clients""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
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
        Code::SecondFactorRequired => Some(
            r#"Bearer error="insufficient_user_authentication", acr_values="https://refeds.org/profile/mfa""#,
        ),
        Code::Forbidden => Some(r#"Bearer error="insufficient_scope""#),
        _ => None,
    }
}

/// A panic is a bug of ours; it ends one request and not the program.
pub async fn survive_panic(answer: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| {
        tracing::error!(panic = message(&*panic), "a request panicked");
        ApiError::internal().into_response()
    })
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;
    use crate::tests::test_app::Log;

    #[tokio::test]
    async fn a_request_that_panics_is_a_500_that_says_nothing_and_is_logged() {
        let log = Log::capture();
        let response = survive_panic(async { panic!("an inner detail") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(r#""code":"internal""#) && !body.contains("detail"), "{body}");
        let log = log.text();
        assert!(log.contains("ERROR") && log.contains("an inner detail"), "{log}");
    }
}
