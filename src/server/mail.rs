//! Mails: what they say, one function a mail, and how they reach the relay. They are plain text, and every link in them
//! is made from the public URL alone.

pub mod link;
pub mod notice;
pub mod transport;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    client_info::{ActionContext, device::device_name},
    clock::Timestamp,
    config::Config,
};
use crate::model::{email::EmailAddress, local_path::LocalPath};

/// What mails are about, and where their links lead.
#[derive(Clone, Copy, Debug)]
pub struct Portal<'a> {
    pub name: &'a str,
    /// Without a slash at the end.
    pub url: &'a str,
}

impl<'a> Portal<'a> {
    pub fn of(config: &'a Config) -> Self {
        Self { name: &config.brand.name, url: &config.tokens.issuer }
    }
}

/// When and where that happened which a mail tells of.
#[derive(Clone, Debug)]
pub struct Occasion {
    pub at: Timestamp,
    pub device: String,
    /// Empty where it came from no network.
    pub ip: String,
}

impl Occasion {
    pub fn of(context: ActionContext<'_>) -> Self {
        let client = context.client;
        Self { at: context.now, device: device_name(&client.user_agent), ip: client.ip.clone() }
    }
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, device, ip } = self;
        write!(f, "When:  {}\nWhere: {device}", at.to_utc().to_minute())?;
        if ip.is_empty() { Ok(()) } else { write!(f, ", {ip}") }
    }
}

/// A mail, before it has an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is about; a stable name, for the audit log.
    pub kind: &'static str,
    pub subject: String,
    pub text: String,
    /// How long it is of use.
    pub lifetime: Duration,
}

/// Without the text: links in it are live.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A mail as it is stored, sealed, until it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub to: EmailAddress,
    pub subject: String,
    pub text: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(…)")
    }
}

/// What waits to be sent, sealed.
#[derive(Debug, Serialize, Deserialize)]
pub enum Waiting {
    Letter(Letter),
    Request(MailRequest),
}

/// A mail that somebody has asked for who is not signed in. Who it is for, and what it says, is found out when it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailRequest {
    pub wanted: Wanted,
    /// As it was typed, in its canonical form. There may be no account.
    pub email: EmailAddress,
    /// Who has asked.
    pub ip: String,
    pub user_agent: String,
    pub request_id: String,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// A link to set a new password. Signing in with it leads to this page.
    PasswordReset(LocalPath),
    /// An account, whose owner goes on to this page.
    Account(LocalPath),
    /// A link that signs in: in the browser of this cookie's hash, which goes on to this page.
    SignIn(Vec<u8>, LocalPath),
}

impl Wanted {
    /// A stable name, for the audit log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::PasswordReset(_) => "password_reset",
            Self::Account(_) => "sign_up",
            Self::SignIn(..) => "sign_in_link",
        }
    }
}

/// What a stored mail is sealed for.
pub fn seal_purpose(id: &str) -> String {
    format!("mail {id}")
}

/// To see whether mails arrive.
pub fn test(portal: Portal<'_>) -> Mail {
    let Portal { name, url } = portal;
    Mail {
        kind: "test",
        subject: format!("A test mail from {name}"),
        text: format!("{name} can send mail.\n\n-- \n{name}\n{url}\n"),
        lifetime: Duration::ZERO,
    }
}
