//! Device cookies (OWASP "Slow Down Online Guessing Attacks with Device Cookies"): a browser that was signed in to an
//! account before has a rate limit of its own. While somebody is signed in the session itself says so; at signing out the browser gets a
//! cookie. So attempts from elsewhere never stop an account's owner.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::{
    model::id::SessionId,
    server::{crypto::mac::MacKey, store::users::User},
};

/// Makes and reads the values of device cookies: `<session>.<mac over it, the account and its password>`. One session
/// makes one value, so a counter cannot be had anew; and a new password ends them all.
#[derive(Debug)]
pub struct DeviceCookies(MacKey);

impl DeviceCookies {
    pub fn new(key: &[u8]) -> Self {
        Self(MacKey::new(key))
    }

    /// The value for a session of this account. It proves nothing but that somebody was signed in here.
    pub fn issue(&self, user: &User, session: &SessionId) -> String {
        let tag = self.0.sign(message(session, user).as_bytes());
        format!("{session}.{}", BASE64.encode(tag))
    }

    /// The session that the value was made for, if that was of this account and the password is still the same.
    pub fn session(&self, value: &str, user: &User) -> Option<SessionId> {
        let (session, tag) = value.split_once('.')?;
        let session = SessionId::parse(session).ok()?;
        let tag = BASE64.decode(tag).ok()?;
        let authentic =
            tag.len() == MacKey::TAG_LENGTH && self.0.verify(message(&session, user).as_bytes(), &tag);
        authentic.then_some(session)
    }
}

/// Neither id nor hash contains a space.
fn message(session: &SessionId, user: &User) -> String {
    format!("{session} {} {}", user.id, user.password_hash.as_deref().unwrap_or_default())
}
