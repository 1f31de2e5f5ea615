//! Accounts: making them, signing in to them, changing them.

pub mod administer;
pub mod attempts;
pub mod change_password;
pub mod delete;
pub mod directory;
pub mod invite;
pub mod known_device;
mod lockout;
mod one_time_token;
pub mod own_password;
pub mod password;
mod password_rules;
pub mod profile;
pub mod register;
pub mod roles;
pub mod setup;
pub mod sign_in;

use super::error::Error;
use crate::model::{display_name::DisplayName, email::EmailAddress, password::check_length};

/// What a new account is made of, parsed.
#[derive(Debug)]
pub struct NewAccount {
    pub email: EmailAddress,
    pub display_name: DisplayName,
    pub password: Password,
}

/// A password as it was typed; never printed.
#[derive(Clone)]
pub struct Password(zeroize::Zeroizing<String>);

impl Password {
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl NewAccount {
    /// Parses what a person typed, and names every field that needs attention at once.
    pub fn parse(email: &str, display_name: &str, password: String) -> Result<Self, Error> {
        let password = Password::new(password);
        let (email, display_name) = (EmailAddress::parse(email), DisplayName::parse(display_name));
        let weak = match &email {
            Ok(email) => password_rules::check(password.as_str(), email, display_name.as_ref().ok()),
            Err(_) => check_length(password.as_str()),
        };
        match (email, display_name, weak.err()) {
            (Ok(email), Ok(display_name), None) => Ok(Self { email, display_name, password }),
            (email, display_name, weak) => {
                let problems = [
                    ("email", email.err().map(|error| error.to_string())),
                    ("display_name", display_name.err().map(|error| error.to_string())),
                    ("password", weak.map(|error| error.to_string())),
                ];
                Err(Error::Invalid(
                    problems.into_iter().filter_map(|(field, problem)| Some((field, problem?))).collect(),
                ))
            }
        }
    }
}
