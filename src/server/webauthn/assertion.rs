//! Verifying that somebody holds a credential (§7.2).

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use super::{
    Expected, Refused,
    authenticator_data::AuthenticatorData,
    client_data::{self, Kind},
    json::{self, Bytes},
    public_key::PublicKey,
};

/// What a browser has sent to prove that somebody holds a credential. It proves nothing yet.
#[derive(Debug)]
pub struct Claim {
    credential_id: Vec<u8>,
    response: Response,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    authenticator_data: Bytes,
    signature: Bytes,
    user_handle: Option<Bytes>,
}

/// Proof that somebody holds a credential, now and for this challenge. Only [`Claim::verify`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is the proof"]
pub struct Assertion {
    user_verified: bool,
    sign_count: u32,
    backup_eligible: bool,
    backed_up: bool,
}

impl Claim {
    pub fn parse(credential: &str) -> Result<Self, Refused> {
        let (credential_id, response) = json::parse(credential)?;
        Ok(Self { credential_id, response })
    }

    /// The credential that it names.
    pub fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    /// Whose credential it says it is.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.response.user_handle.as_ref().map(|Bytes(handle)| handle.as_slice())
    }

    /// Verifies it with the key of the credential that it names. Whose that is, is for the caller to see to.
    pub fn verify(&self, key: &PublicKey, expected: Expected<'_>) -> Result<Assertion, Refused> {
        let Response { client_data, authenticator_data, signature, .. } = &self.response;
        client_data::check(&client_data.0, Kind::Get, expected)?;
        let data = AuthenticatorData::parse(&authenticator_data.0)?;
        data.check(expected)?;
        let hash = digest(&SHA256, &client_data.0);
        key.verify(&[&authenticator_data.0, hash.as_ref()].concat(), &signature.0)?;
        Ok(Assertion {
            user_verified: data.user_verified(),
            sign_count: data.sign_count,
            backup_eligible: data.backup_eligible(),
            backed_up: data.backed_up(),
        })
    }
}

impl Assertion {
    /// Whether the authenticator has checked who uses it.
    pub fn user_verified(self) -> bool {
        self.user_verified
    }

    pub fn sign_count(self) -> u32 {
        self.sign_count
    }

    pub fn backup_eligible(self) -> bool {
        self.backup_eligible
    }

    pub fn backed_up(self) -> bool {
        self.backed_up
    }
}
