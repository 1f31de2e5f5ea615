//! The name that a person goes by.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{has_hidden_characters, nfc};

/// Longest display name, in characters.
pub const MAX_LENGTH: usize = 100;

/// A display name: trimmed, Unicode NFC, 1 to 100 characters, nothing invisible in it.
///
/// Deserialising does not parse again, as with [`super::email::EmailAddress`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisplayName(String);

/// Why a string is no display name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDisplayName {
    #[error("Enter a name.")]
    Empty,
    #[error("A name has at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error("A name can't contain control or invisible characters.")]
    Invisible,
}

impl DisplayName {
    /// Parses what a person typed.
    pub fn parse(input: &str) -> Result<Self, InvalidDisplayName> {
        if input.len() > 16 * MAX_LENGTH {
            return Err(InvalidDisplayName::TooLong);
        }
        let name = nfc(input.trim()).into_owned();
        if name.is_empty() {
            return Err(InvalidDisplayName::Empty);
        }
        if name.chars().count() > MAX_LENGTH {
            return Err(InvalidDisplayName::TooLong);
        }
        if has_hidden_characters(&name) {
            return Err(InvalidDisplayName::Invisible);
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first letters of the first and the last word: what stands for the person where there is no room.
    pub fn initials(&self) -> String {
        let mut words =
            self.0.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
        let first = words.next();
        first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DisplayName> for String {
    fn from(value: DisplayName) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_all_scripts_are_accepted() {
        for name in [
            "Ada",
            "Zoë Müller-Lüdenscheidt",
            "李小龍",
            "محمد",
            "Ó",
            "نگار می\u{200C}خواهم",
            "Mae 👩🏽\u{200D}🚀",
        ] {
            assert_eq!(DisplayName::parse(&format!(" {name} ")).map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        let initials = |name: &str| DisplayName::parse(name).unwrap().initials();
        assert_eq!(initials("Ada Lovelace"), "AL");
        assert_eq!(initials("ada augusta king-noel"), "AK");
        assert_eq!(initials("Éva"), "É");
        assert_eq!(initials("李小龍"), "李");
        assert_eq!(initials("“Ada” 👩🏽"), "A");
        assert_eq!(initials("…"), "");
    }

    #[test]
    fn invisible_empty_and_long_names_are_refused() {
        assert_eq!(DisplayName::parse("\t "), Err(InvalidDisplayName::Empty));
        assert_eq!(DisplayName::parse("a\u{202e}b"), Err(InvalidDisplayName::Invisible));
        assert_eq!(DisplayName::parse("A\u{200d}da"), Err(InvalidDisplayName::Invisible));
        assert_eq!(DisplayName::parse("a\nb"), Err(InvalidDisplayName::Invisible));
        assert_eq!(DisplayName::parse(&"ä".repeat(101)), Err(InvalidDisplayName::TooLong));
        assert!(DisplayName::parse(&"ä".repeat(100)).is_ok());
    }
}
