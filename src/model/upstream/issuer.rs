//! Who a provider is: the address that it gives itself.

use std::fmt;

const MAX_LENGTH: usize = 255;

/// An issuer, kept and compared byte for byte: Auth0's ends in a slash, Okta's does not, and each means what it says
/// (OpenID Connect Discovery §4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("An issuer is an address that begins with https://, without query and fragment.")]
pub struct InvalidIssuer;

impl Issuer {
    /// Whether it may be called is the fetcher's to decide: plain http is for this machine alone.
    pub fn parse(text: &str) -> Result<Self, InvalidIssuer> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let known =
            |byte: u8| matches!(byte, b'!'..=b'~') && !matches!(byte, b'?' | b'#' | b'@' | b'\\' | b'"');
        let good =
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(known));
        if good && text.len() <= MAX_LENGTH { Ok(Self(text.to_owned())) } else { Err(InvalidIssuer) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its metadata is: a slash at the end is removed first (OpenID Connect Discovery §4.1).
    pub fn discovery_address(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0.strip_suffix('/').unwrap_or(&self.0))
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_as_it_is_and_its_metadata_is_below_it() {
        for (issuer, metadata) in [
            ("https://id.example.org", "https://id.example.org/.well-known/openid-configuration"),
            ("https://a.auth0.com/", "https://a.auth0.com/.well-known/openid-configuration"),
            (
                "https://id.example.org/realms/x",
                "https://id.example.org/realms/x/.well-known/openid-configuration",
            ),
        ] {
            let parsed = Issuer::parse(issuer).unwrap();
            assert_eq!((parsed.as_str(), parsed.discovery_address().as_str()), (issuer, metadata));
        }
        for other in [
            "",
            "id.example.org",
            "ftp://a",
            "https://",
            "https:///a",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a b",
        ] {
            assert_eq!(Issuer::parse(other), Err(InvalidIssuer), "{other:?}");
        }
    }
}
