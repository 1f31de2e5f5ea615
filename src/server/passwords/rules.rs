//! Which passwords may be chosen (NIST SP 800-63B §3.1.1.2): of any characters, long enough, and not among those that are
//! tried first.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::{Password, breached};
use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        password::{WeakPassword, check_length},
    },
    server::{config::PasswordRules, error::Error},
};

/// The most common passwords of at least eight characters, in lower case, sorted: what leaked elsewhere, as collected
/// by Django (BSD-3-Clause) and zxcvbn-ts (MIT).
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common-passwords.txt").lines().collect());

/// A part of a name or an address that is shorter than this stands in many a password by chance.
const SHORTEST_PART: usize = 4;

/// Refuses a password that was typed into `field` unless somebody of that address and name may choose it.
pub async fn require(
    rules: &PasswordRules,
    field: &'static str,
    password: &Password,
    email: &EmailAddress,
    name: Option<&DisplayName>,
) -> Result<(), Error> {
    match weakness(rules, password, email, name).await? {
        Some(problem) => Err(Error::invalid(field, problem)),
        None => Ok(()),
    }
}

/// Why `password` may not be chosen by somebody of that address and name; nothing if it may. A list that can't be read is
/// a fault, and never a reason to take a password that may be on it.
pub async fn weakness(
    rules: &PasswordRules,
    password: &Password,
    email: &EmailAddress,
    name: Option<&DisplayName>,
) -> Result<Option<WeakPassword>, Error> {
    if let Err(problem) = check(password.as_str(), rules.min_length, email, name) {
        return Ok(Some(problem));
    }
    let (list, password) = (rules.breached.clone(), password.clone());
    // It reads a disk.
    let found = tokio::task::spawn_blocking(move || breached::contains(&list, &password)).await?;
    let found = found.map_err(|error| {
        Error::Internal(format!("the breached passwords in {}: {error}", rules.breached.display()))
    })?;
    Ok(found.then_some(WeakPassword::Breached))
}

/// What can be said without a list.
fn check(
    password: &str,
    least: usize,
    email: &EmailAddress,
    name: Option<&DisplayName>,
) -> Result<(), WeakPassword> {
    check_length(password, least)?;
    let lower = password.nfkc().collect::<String>().to_lowercase();
    if COMMON.binary_search(&lower.trim()).is_ok() || is_one_thing_repeated(&lower) {
        return Err(WeakPassword::Common);
    }
    let name = name.map(|name| name.as_str().to_lowercase()).unwrap_or_default();
    let local = email.as_str().split('@').next().unwrap_or_default();
    let parts = [email.as_str(), local, &name].into_iter().chain(name.split_whitespace());
    let owns = |part: &str| part.chars().count() >= SHORTEST_PART && lower.contains(part);
    if parts.into_iter().any(owns) { Err(WeakPassword::Personal) } else { Ok(()) }
}

/// `aaaaaaaa`, `abababab`, `latchkeylatchkey`: as good as its first part.
fn is_one_thing_repeated(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    (1..=characters.len() / 2)
        .filter(|length| *length < 4)
        .any(|length| characters.iter().zip(characters.iter().skip(length)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(password: &str) -> Result<(), WeakPassword> {
        let (email, name) =
            (EmailAddress::parse("lovelace@example.org").unwrap(), DisplayName::parse("Ada King").unwrap());
        check(password, 8, &email, Some(&name))
    }

    #[test]
    fn the_list_of_common_passwords_is_long_and_sorted() {
        assert!(COMMON.len() >= 10_000, "{}", COMMON.len());
        assert!(COMMON.is_sorted());
        assert!(
            COMMON
                .iter()
                .all(|password| password.chars().count() >= 8 && password.to_lowercase() == **password)
        );
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for common in [
            "password",
            "PassWord1",
            "12345678",
            "qwertyuiop",
            "iloveyou1",
            "aaaaaaaa",
            "abcabcabcabc",
            " password ",
        ] {
            assert_eq!(checked(common), Err(WeakPassword::Common), "{common}");
        }
    }

    #[test]
    fn passwords_with_the_users_own_name_or_email_are_refused() {
        for personal in
            ["lovelace-2026", "xxLoveLacexx", "lovelace@example.org", "ada king forever", "kingkong and i"]
        {
            assert_eq!(checked(personal), Err(WeakPassword::Personal), "{personal}");
        }
        // Three letters are no name.
        assert_eq!(checked("canada is a country"), Ok(()));
    }

    #[test]
    fn passwords_have_no_composition_rules() {
        for fine in [
            "correct horse battery staple",
            "        x",
            "ÄÖÜäöüß€",
            "lower case only",
            "3141592653589793",
            "日本語のパスワード",
        ] {
            assert_eq!(checked(fine), Ok(()), "{fine}");
        }
    }
}
