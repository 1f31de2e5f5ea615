//! The answers of server functions: Leptos gives every error the status 500 and sends a form without JavaScript back
//! with the error in its address. Here errors get the status of their code, and a form's error travels in a cookie
//! that only this server can set: an address can be sent to anyone by anybody.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{ACCEPT, HOST, LOCATION, REFERER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::from_slice;
use tower_cookies::Cookies;

use super::{flash::Flash, form::Fields};
use crate::{
    api::error::{ApiError, Code},
    server::http::MAX_BODY,
};

/// Marks the error of a server function.
const ERROR_HEADER: &str = "serverfnerror";

/// Gives each answer its status, and takes a browser without JavaScript back to its form.
pub async fn shape_answer(cookies: Cookies, request: Request, next: Next) -> Response {
    let form = wants_html(request.headers())
        .then(|| (came_from(request.headers()), request.uri().path().to_owned()));
    let fields = request.extensions().get::<Fields>().cloned();
    let response = next.run(request).await;
    let failed = response.headers().contains_key(ERROR_HEADER)
        || response.status().is_client_error()
        || response.status().is_server_error();
    match (form, failed) {
        (Some((back, function)), true) => {
            let error = read_error(response).await;
            Flash::new(&function, error, fields.unwrap_or_default()).set(&cookies);
            see_other(&back)
        }
        (Some((back, _)), false) if !response.headers().contains_key(LOCATION) => see_other(&back),
        (None, true) => read_error(response).await.into_response(),
        (Some(_) | None, false) => response,
    }
}

pub fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The page of ours that the form stood on; the first page if the browser does not say.
fn came_from(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let page = text(REFERER).and_then(|referer| referer.parse::<Uri>().ok());
    match (page, text(HOST)) {
        (Some(page), Some(host)) if page.authority().is_some_and(|authority| authority.as_str() == host) => {
            page.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
        }
        _ => "/".to_owned(),
    }
}

fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    response
}

/// The error in an answer's body. An answer that has none is a bug of ours.
async fn read_error(response: Response) -> ApiError {
    let status = response.status();
    let body = to_bytes(response.into_body(), MAX_BODY).await.unwrap_or_default();
    from_slice(&body).unwrap_or_else(|error| {
        tracing::error!(%status, %error, "an answer is an error without a description");
        ApiError::new(Code::Internal, "Something went wrong on our side.")
    })
}
