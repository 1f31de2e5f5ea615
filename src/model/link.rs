//! What the page of a one-time link says that it is about.

use serde::{Deserialize, Serialize};

use super::{email::EmailAddress, local_path::LocalPath};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSubject {
    /// The address of the account that it is for, or of the one that it makes.
    pub account: EmailAddress,
    /// The address that it gives to the account.
    pub address: Option<EmailAddress>,
    /// Where it leads whoever signs in with it.
    pub next: Option<LocalPath>,
}
