//! Web Authentication Level 3 (W3C) for a relying party that asks for no attestation: it parses what a browser has sent,
//! compares it with what was asked for, and verifies one signature. No I/O, no clock, no randomness.
//!
//! What is verified comes out as a value of its own type, which nothing else makes: [`registration::NewCredential`] and
//! [`assertion::Assertion`]. Numbers of sections and steps are the standard's.

pub mod assertion;
mod authenticator_data;
mod cbor;
mod client_data;
mod json;
pub mod public_key;
pub mod registration;
pub mod relying_party;

use relying_party::RelyingParty;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub relying_party: &'a RelyingParty,
    /// As base64url, the form in which browsers return it.
    pub challenge: &'a str,
    pub verification: UserVerification,
}

/// Whether the authenticator must have checked who uses it: by a PIN, a finger or a face (§5.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    Required,
    Preferred,
}

impl UserVerification {
    /// Its name in the options.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
        }
    }
}

/// Why what a browser has sent proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it does not have the form that WebAuthn gives it ({0})")]
    Malformed(&'static str),
    #[error("the client data is of another kind of ceremony")]
    Kind,
    #[error("the challenge is another")]
    Challenge,
    #[error("the origin is another")]
    Origin,
    #[error("it comes from a frame in another site's page")]
    CrossOrigin,
    #[error("it is for another relying party")]
    RelyingParty,
    #[error("nobody was present")]
    UserPresence,
    #[error("the authenticator did not verify its user")]
    UserVerification,
    #[error("it is backed up and can't be")]
    BackupState,
    #[error("its algorithm was not offered")]
    Algorithm,
    #[error("the public key is none")]
    PublicKey,
    #[error("the signature does not verify")]
    Signature,
}
