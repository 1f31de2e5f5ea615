//! The cookies that this program sets.
//!
//! All names begin with `__Host-`: a browser takes such a cookie only with Secure, Path=/ and no Domain, so no other
//! host or path can plant one (RFC 6265bis §4.1.3.2).

use std::time::Duration;

use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};

use crate::{
    model::theme::Theme,
    server::{authentication::attempt, sessions::SessionCookie, tokens::refresh::token::RefreshToken},
};

const SESSION: &str = "__Host-latchkey";
const FLOW: &str = "__Host-latchkey-flow";
const LINK: &str = "__Host-latchkey-link";
const DEVICE: &str = "__Host-latchkey-device";
const ATTEMPT: &str = "__Host-latchkey-attempt";
const APPEARANCE: &str = "__Host-latchkey-appearance";
/// Long enough to choose a password. Whoever takes longer opens the link again.
const LINK_MAX_AGE: Duration = Duration::from_secs(600);
/// Longer than a request takes.
const FLOW_MAX_AGE: Duration = Duration::from_secs(3600);
/// As long as browsers keep a cookie (RFC 6265bis §5.5).
const LONGEST_MAX_AGE: Duration = Duration::from_secs(400 * 86_400);

/// A cookie for this host alone, out of reach of scripts.
pub fn build(name: &'static str, value: String, max_age: Duration, same_site: SameSite) -> Cookie<'static> {
    let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .max_age(time::Duration::seconds(seconds))
        .build()
}

/// The refresh token that came with the request, if it is one of ours by its form.
pub fn refresh_token(cookies: &Cookies) -> Option<RefreshToken> {
    RefreshToken::parse(cookies.get(SESSION)?.value())
}

pub fn set_session(cookies: &Cookies, session: &SessionCookie) {
    cookies.add(build(SESSION, session.token.as_str().to_owned(), session.max_age, SameSite::Lax));
}

pub fn clear_session(cookies: &Cookies) {
    cookies.add(build(SESSION, String::new(), Duration::ZERO, SameSite::Lax));
}

/// The colours that were chosen in this browser.
pub fn theme(cookies: &Cookies) -> Theme {
    cookies.get(APPEARANCE).and_then(|cookie| Theme::parse(cookie.value())).unwrap_or_default()
}

/// Remembers a choice of colours, or forgets it where the browser is to choose.
pub fn set_theme(cookies: &Cookies, theme: Theme) {
    let max_age = if theme == Theme::default() { Duration::ZERO } else { LONGEST_MAX_AGE };
    cookies.add(build(APPEARANCE, theme.as_str().to_owned(), max_age, SameSite::Lax));
}

/// The token of a link that was opened, until it is used.
pub fn link(cookies: &Cookies) -> Option<String> {
    cookies.get(LINK).map(|cookie| cookie.value().to_owned())
}

/// Lax: whoever opens a link comes from another site.
pub fn set_link(cookies: &Cookies, token: String) {
    cookies.add(build(LINK, token, LINK_MAX_AGE, SameSite::Lax));
}

pub fn clear_link(cookies: &Cookies) {
    cookies.add(build(LINK, String::new(), Duration::ZERO, SameSite::Lax));
}

/// What binds the browser to what it has begun: requests of apps, sign-ins at providers, links to sign in.
pub fn flow(cookies: &Cookies) -> Option<String> {
    cookies.get(FLOW).map(|cookie| cookie.value().to_owned())
}

pub fn set_flow(cookies: &Cookies, value: String) {
    cookies.add(build(FLOW, value, FLOW_MAX_AGE, SameSite::Lax));
}

/// The value of the device cookie ([`crate::server::rate_limit::device_cookies`]).
pub fn device(cookies: &Cookies) -> Option<String> {
    cookies.get(DEVICE).map(|cookie| cookie.value().to_owned())
}

pub fn set_device(cookies: &Cookies, value: String) {
    cookies.add(build(DEVICE, value, LONGEST_MAX_AGE, SameSite::Strict));
}

/// Who is half signed in, sealed ([`crate::server::authentication::attempt`]).
pub fn attempt(cookies: &Cookies) -> Option<String> {
    cookies.get(ATTEMPT).map(|cookie| cookie.value().to_owned())
}

pub fn set_attempt(cookies: &Cookies, value: String) {
    cookies.add(build(ATTEMPT, value, attempt::LIFETIME, SameSite::Strict));
}

pub fn clear_attempt(cookies: &Cookies) {
    cookies.add(build(ATTEMPT, String::new(), Duration::ZERO, SameSite::Strict));
}
