//! Where to go next: only ever a path of this site.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::session::SignOutReason;

const MAX_LENGTH: usize = 1024;

/// A path of this site, with query, safe as the value of a `Location` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalPath(String);

/// A string that is no path of a page of this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a path of this site")]
pub struct NotLocal;

impl LocalPath {
    /// Accepts an absolute path of visible ASCII. Refused: what a browser reads as another host (`//host`,
    /// `/\host`, and the same after the tabs and newlines that it strips), and the API.
    pub fn parse(input: &str) -> Result<Self, NotLocal> {
        let visible_ascii = input.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'\\');
        let local = input.starts_with('/') && !input.starts_with("//");
        let page = input != "/api" && !input.starts_with("/api/");
        if input.len() <= MAX_LENGTH && visible_ascii && local && page {
            Ok(Self(input.to_owned()))
        } else {
            Err(NotLocal)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where one is after signing out.
    pub fn signed_out(reason: SignOutReason) -> Self {
        Self(format!("/login?reason={}", reason.as_str()))
    }

    /// The sign-in page that leads back here.
    pub fn behind_login(&self) -> String {
        format!("/login?next={}", query_value(&self.0))
    }
}

/// Percent-encodes `text` so that it can stand as a value in a query.
pub fn query_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.extend([byte >> 4, byte & 15].map(|digit| char::from(HEX[usize::from(digit)])));
            }
        }
    }
    out
}

/// Fields as a query, which is also how a form's body has them (WHATWG URL §5.2).
pub fn query<'a>(fields: impl Iterator<Item = &'a (&'static str, String)>) -> String {
    let pairs: Vec<_> = fields.map(|(name, value)| format!("{name}={}", query_value(value))).collect();
    pairs.join("&")
}

/// The value of a parameter in a query, decoded once (WHATWG URL §5.1).
pub fn query_parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl Default for LocalPath {
    /// Where people go when nothing else was asked for.
    fn default() -> Self {
        Self("/dashboard".to_owned())
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LocalPath {
    type Error = NotLocal;
    fn try_from(value: String) -> Result<Self, NotLocal> {
        Self::parse(&value)
    }
}

impl From<LocalPath> for String {
    fn from(value: LocalPath) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_site_are_kept() {
        for path in ["/", "/account", "/admin/users?query=a%20b&cursor=x", "/a//b", "/apiary"] {
            assert_eq!(LocalPath::parse(path).map(String::from), Ok(path.to_owned()));
        }
    }

    #[test]
    fn other_hosts_and_what_is_no_page_are_refused() {
        for elsewhere in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a b",
            "/a\r\nSet-Cookie: a=b",
            "/ä",
            "/api/auth/logout",
            "/api",
        ] {
            assert_eq!(LocalPath::parse(elsewhere), Err(NotLocal), "{elsewhere:?}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(1024))), Err(NotLocal));
    }

    #[test]
    fn a_parameter_is_decoded_once() {
        let query = "?next=/account%3Fa%3D%2526b&reason=a+b&odd=%zz&cut=%4";
        assert_eq!(query_parameter(query, "next").as_deref(), Some("/account?a=%26b"));
        assert_eq!(query_parameter(query, "reason").as_deref(), Some("a b"));
        assert_eq!(query_parameter(query, "odd"), None);
        assert_eq!(query_parameter(query, "cut"), None);
        assert_eq!(query_parameter("", "next"), None);
    }

    #[test]
    fn the_way_back_survives_the_query() {
        let path = LocalPath::parse("/admin/users?query=a&cursor=b").unwrap_or_default();
        assert_eq!(path.behind_login(), "/login?next=/admin/users%3Fquery%3Da%26cursor%3Db");
    }
}
