//! The answers of server functions: Leptos gives every error the status 500 and sends a form without JavaScript back
//! with the error in its address. Here errors get the status of their code, and a form's error travels in a cookie
//! that only this server can set: an address can be sent to anyone by anybody.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::from_slice;
use tower_cookies::Cookies;

use super::{flash::Flash, form::Fields};
use crate::{
    model::{error::ApiError, local_path::LocalPath, query},
    server::{
        http::{
            MAX_BODY,
            endpoints::Endpoint,
            redirect::{referring_page, see_other},
        },
        request::caller::wants_html,
    },
};

/// Marks the error of a server function.
const ERROR_HEADER: &str = "serverfnerror";

/// Gives each answer its status, and takes a browser without JavaScript back to its form.
pub async fn map_response(cookies: Cookies, request: Request, next: Next) -> Response {
    let function = request.uri().path().to_owned();
    let fields = request.extensions().get::<Fields>().cloned().unwrap_or_default();
    let back = wants_html(request.headers()).then(|| form_page(&function, request.headers(), &fields));
    let response = next.run(request).await;
    let failed = response.headers().contains_key(ERROR_HEADER)
        || response.status().is_client_error()
        || response.status().is_server_error();
    match (back, failed) {
        (Some(back), true) => {
            let error = read_error(response).await;
            Flash::new(&function, error, fields).set(&cookies);
            see_other(&back)
        }
        (Some(back), false) => redirect(response, &back),
        (None, true) => read_error(response).await.into_response(),
        (None, false) => response,
    }
}

/// A redirect without the function's answer, which holds an access token: a form without JavaScript has no use for it
/// and the browser may store it.
fn redirect(response: Response, back: &LocalPath) -> Response {
    // Where the function names no page, Leptos has copied the Referer here, which anybody can write.
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| LocalPath::parse(location).ok());
    let (mut parts, _) = response.into_parts();
    for header in [CONTENT_TYPE, CONTENT_LENGTH, LOCATION] {
        parts.headers.remove(header);
    }
    let mut redirect = see_other(next.as_ref().unwrap_or(back));
    redirect.headers_mut().extend(parts.headers);
    redirect
}

/// The page of ours on which the form stood: as the browser says, or else the page of that function.
fn form_page(function: &str, headers: &HeaderMap, fields: &Fields) -> LocalPath {
    referring_page(headers).unwrap_or_else(|| own_page(function, fields))
}

/// The page of a function's form, with what its address said: where to go afterwards.
fn own_page(function: &str, fields: &Fields) -> LocalPath {
    let page = Endpoint::at(function).map_or("/", |endpoint| endpoint.page);
    let next = fields.get("next").filter(|next| !next.is_empty());
    let with_next = next.map(|next| format!("{page}?next={}", query::encode_value(next)));
    with_next.and_then(|path| LocalPath::parse(&path).ok()).unwrap_or_else(|| LocalPath::page(page))
}

/// The error in an answer's body. An answer that has none is a bug of ours.
async fn read_error(response: Response) -> ApiError {
    let status = response.status();
    let body = to_bytes(response.into_body(), MAX_BODY).await.unwrap_or_default();
    from_slice(&body).unwrap_or_else(|error| {
        tracing::error!(%status, %error, "an answer is an error without a description");
        ApiError::internal()
    })
}
