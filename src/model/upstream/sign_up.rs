//! Who gets an account by signing in with a provider.

use std::fmt;

/// Whom a provider may bring that has no account yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Nobody.
    #[default]
    Closed,
    /// Whoever has an invitation.
    Invited,
    /// Whoever has an invitation, and whoever has an address of one of these domains that the provider has verified.
    Domains(Vec<String>),
    /// Everybody.
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This must be one of: closed, invited, open, or domains and their names with spaces between.")]
pub struct InvalidSignUp;

impl SignUp {
    pub fn parse(text: &str) -> Result<Self, InvalidSignUp> {
        let mut words = text.split_ascii_whitespace();
        let policy = words.next();
        let domains: Vec<_> = words.map(str::to_ascii_lowercase).collect();
        match (policy, domains.is_empty()) {
            (Some("closed"), true) => Ok(Self::Closed),
            (Some("invited"), true) => Ok(Self::Invited),
            (Some("open"), true) => Ok(Self::Open),
            (Some("domains"), false) if domains.iter().all(|domain| is_domain(domain)) => {
                Ok(Self::Domains(domains))
            }
            _ => Err(InvalidSignUp),
        }
    }

    pub fn takes_invitations(&self) -> bool {
        *self != Self::Closed
    }
}

fn is_domain(text: &str) -> bool {
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    text.contains('.') && !text.starts_with('.') && !text.ends_with('.') && text.bytes().all(known)
}

impl fmt::Display for SignUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Invited => f.write_str("invited"),
            Self::Open => f.write_str("open"),
            Self::Domains(domains) => write!(f, "domains {}", domains.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_it_is_written() {
        for text in
            ["closed", "invited", "open", "domains example.org", "domains example.org sub.example.net"]
        {
            assert_eq!(SignUp::parse(text).unwrap().to_string(), text);
        }
        for other in [
            "",
            "everybody",
            "open example.org",
            "domains",
            "domains org",
            "domains @example.org",
            "domains *.org",
        ] {
            assert_eq!(SignUp::parse(other), Err(InvalidSignUp), "{other:?}");
        }
    }
}
