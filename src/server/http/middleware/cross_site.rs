//! Requests that another site's page made are refused. A cookie alone changes nothing here anyway; this is the second
//! lock.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header::ORIGIN},
    middleware::Next,
    response::{IntoResponse, Response},
};

use url::Url;

use crate::{
    model::error::{ApiError, Code},
    server::{config::is_loopback, state::AppState},
};

pub async fn refuse_cross_site(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_site(request.headers(), &state.config.public_url) {
        return next.run(request).await;
    }
    tracing::warn!("a request of another site was refused");
    ApiError::new(Code::CrossSite, "This request was made by another site.").into_response()
}

/// A browser says where a request comes from; what says nothing is no browser, and carries nobody's cookie.
fn is_same_site(headers: &HeaderMap, public_url: &Url) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let fetch_site = headers.get("sec-fetch-site").map(text);
    let from_here = fetch_site.is_none_or(|site| matches!(site.as_str(), "same-origin" | "none"));
    from_here && headers.get(ORIGIN).map(text).is_none_or(|origin| is_ours(&origin, public_url))
}

/// Whether an origin is the public URL's. `Host` does not count: whoever has a name resolve to this machine chooses it
/// (DNS rebinding). On the machine itself localhost and 127.0.0.1 are one.
fn is_ours(origin: &str, public_url: &Url) -> bool {
    if origin == public_url.origin().ascii_serialization() {
        return true;
    }
    let Ok(url) = Url::parse(origin) else { return false };
    let same = |part: fn(&Url) -> Option<u16>| part(&url) == part(public_url);
    is_loopback(public_url)
        && is_loopback(&url)
        && url.scheme() == public_url.scheme()
        && same(Url::port_or_known_default)
        && url.origin().ascii_serialization() == origin
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://id.example.org";
    const LOCAL: &str = "http://localhost:3000";

    fn allowed(public_url: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        is_same_site(&headers, &Url::parse(public_url).unwrap())
    }

    #[test]
    fn our_own_pages_and_programs_may_post() {
        assert!(allowed(PUBLIC, &[]));
        assert!(allowed(PUBLIC, &[("origin", PUBLIC), ("sec-fetch-site", "same-origin")]));
        assert!(allowed(PUBLIC, &[("sec-fetch-site", "none")]));
        for origin in [LOCAL, "http://127.0.0.1:3000", "http://[::1]:3000"] {
            assert!(allowed(LOCAL, &[("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn other_sites_may_not() {
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", ""), ("sec-fetch-site", "same-origin")],
            &[("origin", PUBLIC), ("sec-fetch-site", "cross-site")],
            &[("origin", PUBLIC), ("sec-fetch-site", "same-site")],
            &[("origin", "https://id.example.org.evil.example")],
            &[("origin", "http://id.example.org")],
            &[("origin", "http://127.0.0.1:3000")],
            &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(!allowed(PUBLIC, headers), "{headers:?}");
        }
    }

    #[test]
    fn a_host_that_was_rebound_to_this_machine_is_another_site() {
        for public_url in [PUBLIC, LOCAL] {
            let headers = [("host", "evil.example:3000"), ("origin", "http://evil.example:3000")];
            assert!(!allowed(public_url, &headers), "{public_url}");
        }
        for origin in [
            "http://127.0.0.1:4000",
            "https://127.0.0.1:3000",
            "http://127.0.0.1:3000/",
            "http://10.0.0.1:3000",
        ] {
            assert!(!allowed(LOCAL, &[("origin", origin)]), "{origin}");
        }
    }
}
