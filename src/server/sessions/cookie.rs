//! The cookie that holds the refresh token.

use std::{fmt, time::Duration};

use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};
use zeroize::Zeroizing;

/// `__Host-`: a browser takes it only with Secure, Path=/ and no Domain, so no other host or path can plant one
/// (RFC 6265bis §4.1.3.2).
pub const NAME: &str = "__Host-latchkey";

/// A refresh token on its way to the browser.
pub struct SessionCookie {
    pub token: Zeroizing<String>,
    pub max_age: Duration,
}

impl SessionCookie {
    /// Puts it on the answer.
    pub fn set(&self, cookies: &Cookies) {
        cookies.add(cookie(self.token.as_str().to_owned(), self.max_age));
    }
}

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionCookie({:?})", self.max_age)
    }
}

/// The refresh token that came with the request.
pub fn presented(cookies: &Cookies) -> Option<Zeroizing<String>> {
    cookies.get(NAME).map(|cookie| Zeroizing::new(cookie.value().to_owned()))
}

/// Makes the browser forget it.
pub fn clear(cookies: &Cookies) {
    cookies.add(cookie(String::new(), Duration::ZERO));
}

fn cookie(value: String, max_age: Duration) -> Cookie<'static> {
    let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
    Cookie::build((NAME, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(seconds))
        .build()
}
