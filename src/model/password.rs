//! What a password must be (NIST SP 800-63B §3.1.1.2, OWASP ASVS 6.2): long enough, of any characters.

/// Shortest password, in characters.
pub const MIN_LENGTH: usize = 8;
/// Longest password, in characters: a bound on the work, not on the person.
pub const MAX_LENGTH: usize = 256;

/// Why a password is refused when it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("Use at least {MIN_LENGTH} characters.")]
    TooShort,
    #[error("Use at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error("This password is too common. Choose another one.")]
    Common,
    #[error("This password contains your name or email address. Choose another one.")]
    Personal,
}

/// Whether `password` has a length that may be hashed at all, asked before anything is hashed.
pub fn check_length(password: &str) -> Result<(), WeakPassword> {
    match password.chars().take(MAX_LENGTH + 1).count() {
        length if length < MIN_LENGTH => Err(WeakPassword::TooShort),
        length if length > MAX_LENGTH => Err(WeakPassword::TooLong),
        _ => Ok(()),
    }
}

/// What to say of a password while it is typed: a hint by length and variety, which costs a few hundred bytes. The
/// server's rules decide.
pub fn hint(password: &str) -> &'static str {
    let length = password.chars().count();
    let mut distinct: Vec<char> = password.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    match (length, distinct.len()) {
        (0, _) => "",
        (..MIN_LENGTH, _) => "Too short",
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
        assert_eq!(check_length("1234567"), Err(WeakPassword::TooShort));
        assert_eq!(check_length("        "), Ok(()));
        assert_eq!(check_length("påsswörd"), Ok(()));
        assert_eq!(check_length(&"ß".repeat(256)), Ok(()));
        assert_eq!(check_length(&"a".repeat(257)), Err(WeakPassword::TooLong));
    }

    #[test]
    fn the_hint_grows_with_length_and_variety() {
        let hints =
            ["", "1234567", "aaaaaaaaaaaa", "abcdefgh", "abcdefghijkl", "correct horse battery"].map(hint);
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
    }
}
