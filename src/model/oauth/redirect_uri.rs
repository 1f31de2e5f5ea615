//! Where a client may be answered.
//!
//! A redirect URI is registered complete and compared as a string: no wildcard, no pattern, no normalising. Only the
//! port of a loopback address may differ (RFC 8252 §7.3). What is no plain address of an app is never registered, so
//! nothing that is compared with it later can be one.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};

use crate::model::query;

/// Longest URI, in bytes.
const MAX_LENGTH: usize = 2000;
/// Parameters of the answer: a registered query that had one could pass for the server's (CVE-2026-18209).
const ANSWERS: &[&str] = &[
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
    "id_token",
    "access_token",
    "token_type",
    "session_state",
];
/// The only hosts whose port may differ. `localhost` is none: its name may be resolved to elsewhere (CVE-2024-8883).
const LOOPBACK: &[&str] = &["127.0.0.1", "[::1]"];

/// A URI that a client has registered, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(Box<str>);

/// Why a URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    #[error("A URI has at most {MAX_LENGTH} characters, and all of them are printable ASCII.")]
    Characters,
    #[error("The URI must be complete, with a scheme, like https://app.example.org/callback.")]
    NoScheme,
    #[error(
        "Use https. http is for this computer alone (127.0.0.1, [::1], localhost), and an app's own scheme has a dot, like \
         org.example.app:/callback."
    )]
    Scheme,
    #[error("The host is missing or is not written plainly.")]
    Host,
    #[error("A redirect URI has no fragment (#).")]
    Fragment,
    #[error("The query of a redirect URI must not have a parameter of the answer, like code or state.")]
    AnswerInQuery,
}

impl RedirectUri {
    pub fn parse(input: &str) -> Result<Self, InvalidRedirectUri> {
        use InvalidRedirectUri::{AnswerInQuery, Characters, Fragment, NoScheme};
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'`');
        if input.len() > MAX_LENGTH || !input.bytes().all(plain) {
            return Err(Characters);
        }
        if input.contains('#') {
            return Err(Fragment);
        }
        let (scheme, rest) = input.split_once(':').ok_or(NoScheme)?;
        check_scheme(scheme, rest)?;
        let names_answer = |(name, _): (&[u8], &[u8])| {
            query::decode(name).is_none_or(|name| ANSWERS.contains(&name.to_ascii_lowercase().as_str()))
        };
        match input.split_once('?') {
            Some((_, query)) if query::pairs(query.as_bytes()).any(names_answer) => Err(AnswerInQuery),
            _ => Ok(Self(input.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request that names `requested` means this URI.
    pub fn matches(&self, requested: &str) -> bool {
        if self.as_str() == requested {
            return true;
        }
        match (loopback(self), loopback(requested)) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
    }

    /// Whom the page that asks for consent names: the host, or the scheme of an app of its own.
    pub fn target(&self) -> &str {
        let (scheme, rest) = self.0.split_once(':').unwrap_or_default();
        match rest.strip_prefix("//") {
            Some(rest) if matches!(scheme, "http" | "https") => authority(rest),
            _ => scheme,
        }
    }
}

fn check_scheme(scheme: &str, rest: &str) -> Result<(), InvalidRedirectUri> {
    let host = rest.strip_prefix("//").map(|rest| split_port(authority(rest)));
    match (scheme, host) {
        ("https", Some(Some((host, _)))) if is_plain_host(host) => Ok(()),
        ("http", Some(Some((host, _)))) if LOOPBACK.contains(&host) || host == "localhost" => Ok(()),
        ("https", _) => Err(InvalidRedirectUri::Host),
        ("http", _) => Err(InvalidRedirectUri::Scheme),
        // An app owns the scheme that is its domain's name reversed (RFC 8252 §7.1); `javascript` and `data` have no dot.
        (scheme, _) if is_private_use(scheme) => Ok(()),
        _ => Err(InvalidRedirectUri::Scheme),
    }
}

/// What stands between `//` and the path.
fn authority(rest: &str) -> &str {
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Host and port. Nothing for what is neither: a user name before an `@`, a port that is no number.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = authority.find(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[end..].find(':').map(|at| at + end) else { return Some((authority, None)) };
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    Some((host, Some(port.parse().ok().filter(|_| digits)?)))
}

/// A name or an IPv4 address in lower case, or an IPv6 address in brackets: nothing encoded, no user, no star.
fn is_plain_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    // Browsers take `127.1` for an address too: one that is meant is written in full.
    if host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit())) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    host.split('.').all(|label| !label.is_empty() && label.bytes().all(plain))
}

fn is_private_use(scheme: &str) -> bool {
    let known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(known)
        && scheme.split('.').count() > 1
        && scheme.split('.').all(|label| !label.is_empty())
}

/// A URI of a loopback address over http: its host, and all that follows the port.
fn loopback(uri: impl AsRef<str>) -> Option<(String, String)> {
    let rest = uri.as_ref().strip_prefix("http://")?;
    let authority = authority(rest);
    let (host, _) = split_port(authority)?;
    LOOPBACK.contains(&host).then(|| (host.to_owned(), rest[authority.len()..].to_owned()))
}

impl AsRef<str> for RedirectUri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = InvalidRedirectUri;
    fn try_from(value: String) -> Result<Self, InvalidRedirectUri> {
        Self::parse(&value)
    }
}

impl From<RedirectUri> for String {
    fn from(value: RedirectUri) -> Self {
        value.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap()
    }

    #[test]
    fn addresses_of_apps_are_registered() {
        for text in [
            "https://app.example.org/callback",
            "https://app.example.org:8443/callback?tenant=1",
            "https://[2001:db8::1]/cb",
            "http://localhost:8080/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:49152/",
            "org.example.app:/callback",
            "com.example.app://oauth/callback",
        ] {
            assert_eq!(RedirectUri::parse(text).map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn patterns_scripts_and_hosts_in_disguise_are_not_registered() {
        for text in [
            "",
            "/callback",
            "app.example.org/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/callback",
            ".app:/x",
            "org..app:/x",
            "http://app.example.org/callback",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://127.0.0.1.evil.example/",
            "https://app.example.org@evil.example/",
            "https://user:password@app.example.org/",
            "https://*.example.org/callback",
            "https://app.example.org%25@evil.example/",
            "https://app.example.org\\@evil.example/",
            "https://APP.example.org/",
            "https:///callback",
            "https://app.example.org:port/",
            "https://app.example.org:99999/",
            "https://app.example.org/a b",
            "https://app.example.org/\u{e4}",
            "HTTPS://app.example.org/",
            "https://127.1/",
            "https://0x7f.0x1/",
            "https://[0:0:0:0:0:0:0:1]/",
        ] {
            assert!(RedirectUri::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn code_state_and_iss_cannot_be_smuggled_into_a_registered_uri() {
        for query in ["code=x", "a=b&state=x", "iss=x", "st%61te=x", "CODE=x", "error=x"] {
            let text = format!("https://app.example.org/cb?{query}");
            assert_eq!(RedirectUri::parse(&text), Err(InvalidRedirectUri::AnswerInQuery), "{text}");
        }
        assert_eq!(
            RedirectUri::parse("https://app.example.org/cb#code=x"),
            Err(InvalidRedirectUri::Fragment)
        );
    }

    #[test]
    fn a_redirect_uri_is_compared_as_a_string() {
        let registered = uri("https://app.example.org/callback?a=b");
        assert!(registered.matches("https://app.example.org/callback?a=b"));
        for other in [
            "https://app.example.org/callback",
            "https://app.example.org/callback/?a=b",
            "https://app.example.org/callback?a=b&c=d",
            "https://app.example.org:443/callback?a=b",
            "https://APP.example.org/callback?a=b",
            "https://app.example.org/x/..;/callback?a=b",
            "https://app.example.org/%63allback?a=b",
            "https://app.example.org/callback?a=b#",
        ] {
            assert!(!registered.matches(other), "{other}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        let registered = uri("http://127.0.0.1/callback?a=b");
        for port in ["", ":0", ":49152", ":65535"] {
            assert!(registered.matches(&format!("http://127.0.0.1{port}/callback?a=b")), "{port}");
        }
        for other in [
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1:1/callback?a=c",
            "http://127.0.0.1:1/callback?a=b&c=d",
            "http://127.0.0.1:1@evil.example/callback?a=b",
            "http://127.0.0.1:x/callback?a=b",
            "http://127.0.0.1:+1/callback?a=b",
            "http://127.0.0.1:65536/callback?a=b",
            "http://127.0.0.2/callback?a=b",
            "http://[::1]/callback?a=b",
            "http://localhost/callback?a=b",
            "https://127.0.0.1/callback?a=b",
        ] {
            assert!(!registered.matches(other), "{other}");
        }
        assert!(!uri("http://localhost:1/").matches("http://localhost:2/"), "its name may lead elsewhere");
        assert!(!uri("https://127.0.0.1:1/").matches("https://127.0.0.1:2/"));
        assert!(uri("http://[::1]:1/").matches("http://[::1]:2/"));
    }

    #[test]
    fn the_consent_page_names_host_or_scheme() {
        assert_eq!(uri("https://app.example.org:8443/callback").target(), "app.example.org:8443");
        assert_eq!(uri("http://127.0.0.1?a=b").target(), "127.0.0.1");
        assert_eq!(uri("org.example.app://oauth/callback").target(), "org.example.app");
    }
}
