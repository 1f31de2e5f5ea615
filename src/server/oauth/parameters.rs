//! The parameters of a request of a client, from its query or its body (RFC 6749 §3.1, §3.2): each once; an empty one was
//! left out; one that is unknown is ignored.

use super::error::OAuthError;
use crate::model::query;

/// What may come several times (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// Parameters, decoded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Only the names: values are secrets.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Parameters {
    /// Reads a query without its `?`, or the body of a form.
    pub fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in query::pairs(encoded) {
            let decoded = query::decode(name).zip(query::decode(value));
            let (name, value) =
                decoded.ok_or_else(|| OAuthError::invalid_request("A parameter is not UTF-8 text."))?;
            if value.contains('\0') {
                return Err(OAuthError::invalid_request("A parameter contains a NUL character."));
            }
            if name != REPEATABLE && parameters.iter().any(|(known, _)| *known == name) {
                return Err(OAuthError::invalid_request("A parameter came twice."));
            }
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        Ok(Self(parameters))
    }

    /// The value of a parameter that came.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a parameter that must come.
    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("The parameter {name} is missing.")))
    }

    /// Every value of a parameter that may come several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_comes_once_and_an_empty_one_was_left_out() {
        let parameters = Parameters::parse(b"state=a+b%2B&nonce=&unknown=1&scope=openid%20email").unwrap();
        assert_eq!(parameters.get("state"), Some("a b+"));
        assert_eq!(parameters.get("nonce"), None);
        assert_eq!(parameters.get("scope"), Some("openid email"));
        assert_eq!(parameters.require("nonce").unwrap_err().description, "The parameter nonce is missing.");
        for twice in ["state=a&state=a", "state=&state=b", "unknown=1&unknown=2", "st%61te=a&state=b"] {
            assert!(Parameters::parse(twice.as_bytes()).is_err(), "{twice}");
        }
        for no_text in [&b"state=%FF"[..], b"\xFF=1", b"state=a%00b"] {
            assert!(Parameters::parse(no_text).is_err(), "{no_text:?}");
        }
    }

    #[test]
    fn resources_may_come_several_times() {
        let parameters =
            Parameters::parse(b"resource=https://a.example&resource=https://b.example&resource=").unwrap();
        assert_eq!(
            parameters.all("resource").collect::<Vec<_>>(),
            ["https://a.example", "https://b.example"]
        );
    }

    #[test]
    fn the_log_never_shows_a_value() {
        let parameters = Parameters::parse(b"client_secret=lks_secret").unwrap();
        assert_eq!(format!("{parameters:?}"), r#"["client_secret"]"#);
    }
}
