//! What a password must be (NIST SP 800-63B §3.1.1.2, OWASP ASVS 6.2): long enough, of any characters.

/// What no password may be shorter than, in characters, whatever is set.
pub const MIN_LENGTH: usize = 8;
/// Longest password, in characters: a bound on the work, not on the person.
pub const MAX_LENGTH: usize = 256;

/// Why a password is refused when it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("Use at least {least} characters.")]
    TooShort { least: usize },
    #[error("Use at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error("This password is too common. Choose another one.")]
    Common,
    #[error("This password is known from a data breach elsewhere. Choose another one.")]
    Breached,
    #[error("This password contains your name or email address. Choose another one.")]
    Personal,
}

/// Whether `password` has a length that may be chosen, from `least` characters.
pub fn check_length(password: &str, least: usize) -> Result<(), WeakPassword> {
    refuse_too_long(password)?;
    if password.chars().count() < least { Err(WeakPassword::TooShort { least }) } else { Ok(()) }
}

/// Refuses a password that is too long to be hashed at all, asked before anything is hashed.
pub fn refuse_too_long(password: &str) -> Result<(), WeakPassword> {
    if password.chars().nth(MAX_LENGTH).is_some() { Err(WeakPassword::TooLong) } else { Ok(()) }
}

/// What to say of a password while it is typed: a hint by length and variety, which costs a few hundred bytes. The
/// server's rules decide. A password has `least` characters.
pub fn hint(password: &str, least: usize) -> &'static str {
    let length = password.chars().count();
    let mut distinct: Vec<char> = password.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    match (length, distinct.len()) {
        (0, _) => "",
        (length, _) if length < least => "Too short",
        (_, ..5) => "Easy to guess: few different characters",
        (..12, _) => "Fair: longer is better",
        (..16, _) => "Good",
        _ => "Strong",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_length_is_counted_in_characters() {
        assert_eq!(check_length("1234567", 8), Err(WeakPassword::TooShort { least: 8 }));
        assert_eq!(check_length("        ", 8), Ok(()));
        assert_eq!(check_length("påsswörd", 8), Ok(()));
        assert_eq!(check_length("påsswörd", 9), Err(WeakPassword::TooShort { least: 9 }));
        assert_eq!(check_length(&"ß".repeat(256), 8), Ok(()));
        assert_eq!(check_length(&"a".repeat(257), 8), Err(WeakPassword::TooLong));
    }

    #[test]
    fn the_hint_grows_with_length_and_variety() {
        let hints = ["", "1234567", "aaaaaaaaaaaa", "abcdefgh", "abcdefghijkl", "correct horse battery"]
            .map(|password| hint(password, 8));
        assert_eq!(
            hints,
            [
                "",
                "Too short",
                "Easy to guess: few different characters",
                "Fair: longer is better",
                "Good",
                "Strong"
            ]
        );
        assert_eq!(hint("abcdefghijkl", 15), "Too short");
    }
}
