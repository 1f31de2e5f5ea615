//! Headers of every answer (OWASP ASVS 3.4).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::server::config::Config;

/// For answers that are no pages; a page brings its own with a nonce.
const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// One year, as ASVS 3.4.1 wants it.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// Adds what the answer does not say itself.
pub fn add_headers(config: &Config, headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, NOTHING_RUNS);
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    // The form's own page is told where it came from, nobody else is told anything.
    default(header::REFERRER_POLICY, "same-origin");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
    // What does not say otherwise is about a person.
    default(header::CACHE_CONTROL, "no-store");
    if config.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
