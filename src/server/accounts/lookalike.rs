//! Addresses that look like others are refused when an account is made (UTS 39 "Unicode Security Mechanisms").
//!
//! [`EmailAddress`] itself takes them: whoever has an account already goes on signing in, and the tables are too large for
//! the browser.

use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use unicode_security::{
    GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection, confusable_detection::skeleton,
};

use crate::{model::email::EmailAddress, server::error::Error};

/// Why an address is not taken for a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lookalike {
    #[error("This address has letters that look like others. Enter it in the letters of one alphabet.")]
    Confusable,
    #[error("Enter the part after the @ as it is shown in a mail, without \u{201c}xn--\u{201d}.")]
    Encoded,
    #[error("The part after the @ is not the name of a domain.")]
    Domain,
}

impl From<Lookalike> for Error {
    fn from(problem: Lookalike) -> Self {
        Self::invalid("email", problem)
    }
}

/// Refuses an address that could be taken for another one, or that is another spelling of it.
pub fn refuse(email: &EmailAddress) -> Result<(), Lookalike> {
    let (local, domain) = email.as_str().rsplit_once('@').ok_or(Lookalike::Domain)?;
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        return Err(Lookalike::Encoded);
    }
    refuse_other_spelling(domain)?;
    let mut parts = domain.split('.').chain([local]);
    if parts.all(|part| part.is_ascii() || is_in_one_alphabet(part)) {
        Ok(())
    } else {
        Err(Lookalike::Confusable)
    }
}

/// A domain is written as the standard writes it (UTS 46): whatever it maps to something else is another spelling.
fn refuse_other_spelling(domain: &str) -> Result<(), Lookalike> {
    let uts46 = Uts46::new();
    let ascii = uts46
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Verify)
        .map_err(|_| Lookalike::Domain)?;
    let (unicode, valid) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
    if valid.is_ok() && unicode == domain { Ok(()) } else { Err(Lookalike::Confusable) }
}

/// Letters that are in use today, of scripts that are used together, and which together do not look like ASCII.
fn is_in_one_alphabet(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii() || c.identifier_allowed())
        && text.check_restriction_level(RestrictionLevel::HighlyRestrictive)
        && !skeleton(text).all(|c| c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Result<(), Lookalike> {
        refuse(&EmailAddress::parse(address).unwrap())
    }

    #[test]
    fn addresses_of_one_alphabet_are_taken() {
        for address in [
            "ada@example.org",
            "o'brien+tag_1@sub.example.org",
            "j\u{f6}rg@b\u{fc}cher.example",
            "\u{438}\u{432}\u{430}\u{43d}@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.example",
            "\u{7530}\u{4e2d}@\u{4f8b}\u{3048}.example",
            "\u{3b1}\u{3bb}\u{3ad}\u{3be}\u{3b7}@example.org",
        ] {
            assert_eq!(of(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn lookalike_addresses_are_refused() {
        for address in [
            // Cyrillic among Latin letters, and a whole word that looks Latin.
            "ad\u{430}@example.org",
            "\u{441}\u{43e}\u{440}\u{435}@example.org",
            "ada@ex\u{430}mple.org",
            // Full-width letters, an empty Braille cell, Hangul fillers and others that are not shown.
            "\u{ff41}da@example.org",
            "ada@\u{ff45}xample.org",
            "ada\u{2800}@example.org",
            "ada\u{3164}@example.org",
            "ada\u{115f}@example.org",
            "ada\u{17b4}@example.org",
            "ada@example\u{3164}.org",
            // Ligatures and mathematical letters.
            "\u{fb01}n@example.org",
            "\u{1d41a}da@example.org",
            // A full stop that is none.
            "ada@example\u{ff0e}org",
            "ada@example\u{3002}org",
        ] {
            assert!(of(address).is_err(), "{address}");
        }
        assert_eq!(of("ada@xn--bcher-kva.example"), Err(Lookalike::Encoded));
    }
}
