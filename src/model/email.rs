//! E-mail addresses in one canonical form.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{is_deceptive, nfc};

/// Longest address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const MAX_LENGTH: usize = 254;
const MAX_LOCAL_LENGTH: usize = 64;
const MAX_LABEL_LENGTH: usize = 63;

/// An e-mail address: trimmed, Unicode NFC, lower case on both sides of the `@`.
///
/// Normalised first and validated after, so two spellings of one address can neither make two accounts nor have
/// two counters (CVE-2026-47203, GHSA-7rqj-j65f-68wh).
///
/// Deserialising does not parse again: this type is read in the browser alone, from what the server wrote, and the
/// tables of Unicode normalisation would be a third of all that the browser loads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// Why a string is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    #[error("Enter an email address.")]
    Empty,
    #[error("An email address has at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error("Enter an email address like name@example.org.")]
    Malformed,
}

impl EmailAddress {
    /// Parses what a person typed.
    pub fn parse(input: &str) -> Result<Self, InvalidEmail> {
        // An upper bound before normalising: NFC of a long input is work that nobody asked for.
        if input.len() > 4 * MAX_LENGTH {
            return Err(InvalidEmail::TooLong);
        }
        // Lower-casing can leave a decomposed sequence behind, hence the second NFC.
        let lower: String = nfc(input.trim()).chars().flat_map(char::to_lowercase).collect();
        let canonical = nfc(&lower).into_owned();
        if canonical.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        if canonical.len() > MAX_LENGTH {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = canonical.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        if is_local_part(local) && is_domain(domain) {
            Ok(Self(canonical))
        } else {
            Err(InvalidEmail::Malformed)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_local_part(local: &str) -> bool {
    let dots_are_inside = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    !local.is_empty()
        && local.len() <= MAX_LOCAL_LENGTH
        && dots_are_inside
        && local.chars().all(|c| {
            is_plain(c)
                && !matches!(c, '@' | '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\')
        })
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_LENGTH
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_ascii_alphanumeric() || (!c.is_ascii() && is_plain(c)))
    })
}

fn is_plain(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !is_deceptive(c)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<EmailAddress> for String {
    fn from(value: EmailAddress) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(input: &str) -> String {
        EmailAddress::parse(input).map_or_else(|error| format!("{error:?}"), String::from)
    }

    #[test]
    fn spellings_of_one_address_are_one_address() {
        for spelling in ["Ada@Example.ORG", "  ada@example.org\t", "ADA@EXAMPLE.ORG"] {
            assert_eq!(canonical(spelling), "ada@example.org");
        }
        assert_eq!(canonical("ZOE\u{308}@example.org"), canonical("zo\u{eb}@example.org"));
    }

    #[test]
    fn malformed_email_addresses_are_refused() {
        assert_eq!(canonical(" "), "Empty");
        for malformed in [
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "ada@exa mple.org",
            "ada@@example.org",
            "ada@-example.org",
            "ada@example..org",
            ".ada@example.org",
            "a..b@example.org",
            "ada@example.org.",
            "ada\0@example.org",
            "ada\u{202e}@example.org",
            "ada@exa\u{200b}mple.org",
            "\"a\"@example.org",
            "<ada@example.org>",
        ] {
            assert_eq!(canonical(malformed), "Malformed", "{malformed:?}");
        }
    }

    #[test]
    fn lengths_are_limited_after_normalising() {
        assert_eq!(canonical(&format!("{}@example.org", "a".repeat(64))).len(), 76);
        assert_eq!(canonical(&format!("{}@example.org", "a".repeat(65))), "Malformed");
        let long_domain =
            ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60), "e".repeat(60)].join(".");
        assert_eq!(canonical(&format!("ada@{long_domain}")), "TooLong");
        assert_eq!(canonical(&"a".repeat(5000)), "TooLong");
    }
}
