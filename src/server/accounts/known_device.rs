//! Browsers that have been signed in to an account before (OWASP "Device Cookies"). While signed in, the session
//! itself says so; at signing out the browser gets a mark. So attempts from elsewhere never stop an account's owner.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use tower_cookies::{
    Cookie, Cookies,
    cookie::{SameSite, time},
};

use crate::{
    model::email::EmailAddress,
    server::clock::{Entropy, NoEntropy},
};

const NAME: &str = "__Host-latchkey-device";
const ID_LENGTH: usize = 16;
/// As long as browsers keep a cookie (RFC 6265bis §5.5).
const MAX_AGE: time::Duration = time::Duration::days(400);

/// Makes and reads marks: `<random>.<mac over it and the address>`.
#[derive(Debug)]
pub struct KnownDevices(hmac::Key);

impl KnownDevices {
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Marks the browser, unless it bears a mark of that account already. The mark proves nothing but that somebody was
    /// signed in here.
    pub fn mark(&self, cookies: &Cookies, email: &EmailAddress, entropy: &Entropy) -> Result<(), NoEntropy> {
        if self.recognise(cookies, email).is_some() {
            return Ok(());
        }
        let id = BASE64.encode(entropy.bytes::<ID_LENGTH>()?);
        let mark = format!("{id}.{}", BASE64.encode(hmac::sign(&self.0, message(&id, email).as_bytes())));
        let cookie =
            Cookie::build((NAME, mark)).path("/").secure(true).http_only(true).same_site(SameSite::Strict);
        cookies.add(cookie.max_age(MAX_AGE).build());
        Ok(())
    }

    /// The browser's name, if it bears a mark of that account.
    pub fn recognise(&self, cookies: &Cookies, email: &EmailAddress) -> Option<String> {
        let cookie = cookies.get(NAME)?;
        let (id, tag) = cookie.value().split_once('.')?;
        let tag = BASE64.decode(tag).ok()?;
        hmac::verify(&self.0, message(id, email).as_bytes(), &tag).ok().map(|()| id.to_owned())
    }
}

fn message(id: &str, email: &EmailAddress) -> String {
    format!("{id} {email}")
}
