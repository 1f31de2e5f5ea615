//! What somebody who is signed in can prove with, once more, that it is them.

use serde::{Deserialize, Serialize};

use super::{email::EmailAddress, upstream::linked::ProviderButton};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proofs {
    /// The address of the account, for password managers.
    pub email: EmailAddress,
    /// Whether the account has a password.
    pub password: bool,
    /// Whether a code is needed beside the password.
    pub code: bool,
    /// Whether it has a passkey.
    pub passkey: bool,
    /// The providers that it is linked to, if signing in there again is enough.
    pub providers: Vec<ProviderButton>,
}
