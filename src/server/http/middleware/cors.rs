//! What a page of any other site may read (Fetch, "CORS protocol"): the endpoints that take no cookie. Without credentials,
//! so there is nothing here that the page's own server could not read as well.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// How long a browser may remember what it was told, in seconds.
const MAX_AGE: &str = "7200";

pub async fn allow_all_origins(request: Request, next: Next) -> Response {
    let asks_first = *request.method() == Method::OPTIONS;
    let mut response =
        if asks_first { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    if asks_first {
        set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
        set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type");
        set(headers, header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    } else {
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, "www-authenticate, retry-after");
    }
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
