//! Requests that another site's page made are refused. A cookie alone changes nothing here anyway; this is the second
//! lock.

use std::sync::Arc;

use axum::{
    extract::{Request, State as Shared},
    http::{
        HeaderMap, HeaderValue, Method,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    api::error::{ApiError, Code},
    server::state::State,
};

pub async fn refuse_cross_site(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_site(request.headers(), &state.config.public_url.origin().ascii_serialization()) {
        return next.run(request).await;
    }
    ApiError::new(Code::CrossSite, "This request was made by another site.").into_response()
}

/// A browser says where a request comes from; what says nothing is no browser, and carries nobody's cookie.
fn is_same_site(headers: &HeaderMap, public_origin: &str) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let fetch_site = headers.get("sec-fetch-site").map(text);
    let from_here = fetch_site.is_none_or(|site| matches!(site.as_str(), "same-origin" | "none"));
    let host = headers.get(HOST).map(text).unwrap_or_default();
    // The host that was asked for counts as ours beside the public one: 127.0.0.1 beside localhost.
    let ours = |origin: &str| {
        origin == public_origin
            || (!host.is_empty() && origin.split_once("://").is_some_and(|(_, authority)| authority == host))
    };
    from_here && headers.get(ORIGIN).map(text).is_none_or(|origin| ours(&origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(headers: &[(&'static str, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        is_same_site(&headers, "https://id.example.org")
    }

    #[test]
    fn our_own_pages_and_programs_may_post() {
        assert!(allowed(&[]));
        assert!(allowed(&[
            ("host", "id.example.org"),
            ("origin", "https://id.example.org"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(allowed(&[("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:3000")]));
        assert!(allowed(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn other_sites_may_not() {
        for headers in [
            &[("host", "id.example.org"), ("origin", "https://evil.example")][..],
            &[("host", "id.example.org"), ("origin", "null")],
            &[("origin", "https://id.example.org"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://id.example.org"), ("sec-fetch-site", "same-site")],
            &[("host", "id.example.org"), ("origin", "https://id.example.org.evil.example")],
            &[
                ("host", "id.example.org"),
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            assert!(!allowed(headers), "{headers:?}");
        }
    }
}
