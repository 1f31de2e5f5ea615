//! Accounts: making them, signing in to them, changing them.

pub mod administer;
pub mod change_email;
pub mod change_password;
mod confirm_password;
pub mod delete;
pub mod directory;
pub mod factors;
pub mod import;
pub mod invite;
pub mod last_admin;
pub mod last_way_in;
mod links;
mod lookalike;
pub mod mail_request;
pub mod overview;
pub mod passkey_after_password;
pub mod passkey_options;
pub mod passkeys;
pub mod profile;
pub mod proofs;
pub mod reauthenticate;
pub mod recent;
pub mod recovery_codes;
pub mod register;
pub mod requested_mail;
pub mod reset_factors;
pub mod reset_password;
pub mod roles;
pub mod second_step;
pub mod security;
pub mod setup;
pub mod sign_in;
pub mod sign_in_link;
pub mod sign_up;
pub mod totp;
pub mod use_passkey;
pub mod vouch;

use super::{
    config::PasswordRules,
    error::Error,
    passwords::{Password, rules},
};
use crate::model::{display_name::DisplayName, email::EmailAddress, password::check_length};

/// What a new account is made of, parsed.
#[derive(Debug)]
pub struct NewAccount {
    pub email: EmailAddress,
    pub display_name: DisplayName,
    pub password: Password,
}

impl NewAccount {
    /// Parses what a person typed, and names every field that needs attention at once.
    pub async fn parse(
        rules: &PasswordRules,
        email: &str,
        display_name: &str,
        password: String,
    ) -> Result<Self, Error> {
        let password = Password::new(password);
        let (email, display_name) = (parse_new_address(email), DisplayName::parse(display_name));
        let weak = match &email {
            Ok(email) => rules::weakness(rules, &password, email, display_name.as_ref().ok()).await?,
            Err(_) => check_length(password.as_str(), rules.min_length).err(),
        };
        match (email, display_name, weak) {
            (Ok(email), Ok(display_name), None) => Ok(Self { email, display_name, password }),
            (email, display_name, weak) => {
                let problems = [
                    ("email", email.err()),
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

/// An address that an account may be made for, or what is wrong with it.
pub fn parse_new_address(email: &str) -> Result<EmailAddress, String> {
    let email = EmailAddress::parse(email).map_err(|error| error.to_string())?;
    lookalike::refuse(&email).map_err(|error| error.to_string())?;
    Ok(email)
}
