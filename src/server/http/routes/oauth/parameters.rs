//! Forms in the body of a request: those of clients, and those of our own pages.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use bytes::Bytes;

use crate::server::{
    http::MAX_BODY,
    oauth::{error::OAuthError, parameters::Parameters},
};

const FORM: &str = "application/x-www-form-urlencoded";

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let is_form = is_form(request.headers());
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            OAuthError::invalid_request(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "The request is too long.",
                _ => "The request did not arrive whole.",
            })
        })?;
        if !body.is_empty() && !is_form {
            return Err(OAuthError::invalid_request(format!("Send the parameters as {FORM}.")));
        }
        Self::parse(&body)
    }
}

/// The form that a page of ours has sent, and the request without its body, to render the page again. Nothing: it is no
/// form, or too long.
pub async fn take_parameters(request: Request) -> Option<(Parameters, Request)> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.ok()?;
    let fields = Parameters::parse(&body).ok()?;
    Some((fields, Request::from_parts(parts, Body::empty())))
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(FORM))
}
