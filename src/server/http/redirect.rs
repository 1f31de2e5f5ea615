//! Redirects: every one leads to a path of this site or to an address that a client has registered, and every `Location`
//! but that of a form's success is written here.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Response, StatusCode, Uri,
        header::{HOST, LOCATION, REFERER},
        uri::PathAndQuery,
    },
    response::IntoResponse,
};

use crate::model::local_path::LocalPath;

/// Leads to another page, to be fetched with GET (303).
pub fn see_other(path: &LocalPath) -> Response<Body> {
    redirect(StatusCode::SEE_OTHER, path)
}

/// Says that a page has another address, for good (308).
pub fn permanent(path: &LocalPath) -> Response<Body> {
    redirect(StatusCode::PERMANENT_REDIRECT, path)
}

/// Leads to the same path of our own origin, over TLS (308).
pub fn to_origin(origin: &str, uri: &Uri) -> Response<Body> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let path = LocalPath::parse(path).unwrap_or_else(|_| LocalPath::page("/"));
    redirect_to(StatusCode::PERMANENT_REDIRECT, &format!("{origin}{path}"))
}

/// Leads back to a client, to be fetched with GET (303): a redirect that kept the method would hand a form over.
pub fn to_client(address: &str) -> Response<Body> {
    redirect_to(StatusCode::SEE_OTHER, address)
}

/// The page of ours that a form was sent from, if the browser says so.
pub fn referring_page(headers: &HeaderMap) -> Option<LocalPath> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let page = text(REFERER)?.parse::<Uri>().ok()?;
    let same_host = page.authority().is_some_and(|authority| Some(authority.as_str()) == text(HOST));
    // What follows the host may itself look like a host: `//evil.example`.
    let path = page.path_and_query().filter(|_| same_host)?;
    LocalPath::parse(path.as_str()).ok()
}

fn redirect(status: StatusCode, path: &LocalPath) -> Response<Body> {
    redirect_to(status, path.as_str())
}

fn redirect_to(status: StatusCode, location: &str) -> Response<Body> {
    // A local path is visible ASCII, and an origin too, so this is always a header's value.
    let location = HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (status, [(LOCATION, location)]).into_response()
}
