//! Headers of every answer (OWASP ASVS 3.4).

use std::{mem, sync::LazyLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::server::config::Config;

/// What an answer says that does not say otherwise itself. Checked when the program is built, and not for every answer.
const DEFAULTS: [(HeaderName, HeaderValue); 8] = [
    // For answers that are no pages; a page brings its own with a nonce.
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // The form's own page is told where it came from, nobody else is told anything.
    (header::REFERRER_POLICY, SAME_ORIGIN),
    (HeaderName::from_static("cross-origin-opener-policy"), SAME_ORIGIN),
    (HeaderName::from_static("cross-origin-resource-policy"), SAME_ORIGIN),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
    ),
    // What does not say otherwise is about a person.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
/// One year, as ASVS 3.4.1 wants it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// The same as one map: a copy of it costs less than adding them one by one.
static DEFAULT_MAP: LazyLock<HeaderMap> = LazyLock::new(|| HeaderMap::from_iter(DEFAULTS));

/// Adds what the answer does not say itself.
pub fn add_headers(config: &Config, headers: &mut HeaderMap) {
    let own = mem::replace(headers, DEFAULT_MAP.clone());
    if config.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    headers.extend(own);
}
