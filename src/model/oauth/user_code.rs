//! The code that a person types who connects a device (RFC 8628 §6.1).

use std::fmt;

/// Consonants: they spell no word, and none is mistaken for a digit.
pub const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
pub const LENGTH: usize = 8;

/// Eight letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A code has eight letters, like BCDF-GHJK.")]
pub struct InvalidUserCode;

impl UserCode {
    /// As it was typed: in small letters too, with a hyphen, spaces or nothing between.
    pub fn parse(text: &str) -> Result<Self, InvalidUserCode> {
        let letters = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase());
        let code: String = letters.take(LENGTH + 1).collect();
        let valid = code.len() == LENGTH && code.bytes().all(|letter| ALPHABET.contains(&letter));
        if valid { Ok(Self(code)) } else { Err(InvalidUserCode) }
    }

    /// Without the hyphen.
    pub fn letters(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(LENGTH / 2);
        write!(f, "{first}-{second}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk "] {
            assert_eq!(UserCode::parse(typed).unwrap().to_string(), "BCDF-GHJK");
        }
        for wrong in ["", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ1", "BCDF_GHJK", "\u{dc}CDFGHJK"] {
            assert_eq!(UserCode::parse(wrong), Err(InvalidUserCode), "{wrong}");
        }
    }
}
