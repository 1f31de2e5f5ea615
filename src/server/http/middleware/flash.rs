//! What a form without JavaScript left behind: its error and what was typed, for the next page and for that alone.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use tower_cookies::{Cookies, cookie::SameSite};

use super::form::Fields;
use crate::{
    model::{error::ApiError, form::FormFailure},
    server::request::cookies::build,
};

const NAME: &str = "__Host-latchkey-form";
/// A cookie has 4096 bytes (RFC 6265 §6.1); what would not fit is left out.
const MAX_LENGTH: usize = 3000;
/// Long enough for the next page load, and for nothing else.
const MAX_AGE: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize, Deserialize)]
pub struct Flash(FormFailure);

impl Flash {
    pub fn new(function: &str, error: ApiError, fields: Fields) -> Self {
        Self(FormFailure { function: function.to_owned(), error, typed: fields.without_secrets() })
    }

    pub fn set(mut self, cookies: &Cookies) {
        let encode =
            |flash: &Self| serde_json::to_vec(flash).map(|json| BASE64.encode(json)).unwrap_or_default();
        let mut value = encode(&self);
        if value.len() > MAX_LENGTH {
            self.0.typed.clear();
            value = encode(&self);
        }
        cookies.add(build(NAME, value, MAX_AGE, SameSite::Lax));
    }

    /// Takes it out of the request and makes the browser forget it.
    pub fn take(cookies: &Cookies) -> Option<FormFailure> {
        let value = cookies.get(NAME)?.value().to_owned();
        cookies.add(build(NAME, String::new(), Duration::ZERO, SameSite::Lax));
        let json = BASE64.decode(value).ok()?;
        serde_json::from_slice::<Self>(&json).ok().map(|flash| flash.0)
    }
}
