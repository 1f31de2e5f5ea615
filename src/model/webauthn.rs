//! What a browser is asked to do with passkeys: the options of WebAuthn Level 3, as JSON (§5.1.8, §5.1.9).

use serde::{Deserialize, Serialize};

/// A ceremony that begins: what the browser is asked for, and what it returns with the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun<O> {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub options: O,
    /// Sealed. It is good once, for five minutes.
    pub state: String,
}

/// For `navigator.credentials.create`. Bytes are base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    pub rp: RelyingParty,
    pub user: User,
    pub challenge: String,
    pub pub_key_cred_params: Vec<Parameters>,
    /// In milliseconds.
    pub timeout: u64,
    /// Those that the person has already.
    pub exclude_credentials: Vec<Descriptor>,
    pub authenticator_selection: AuthenticatorSelection,
    pub attestation: String,
    pub extensions: Extensions,
}

/// For `navigator.credentials.get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    pub challenge: String,
    /// In milliseconds.
    pub timeout: u64,
    pub rp_id: String,
    /// Empty where nobody has proved yet who they are: it would tell who exists.
    pub allow_credentials: Vec<Descriptor>,
    pub user_verification: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelyingParty {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user handle.
    pub id: String,
    pub name: String,
    pub display_name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// As COSE numbers it.
    pub alg: i64,
}

/// A credential by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    #[serde(rename = "type")]
    pub kind: CredentialType,
    pub id: String,
    pub transports: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialType {
    #[serde(rename = "public-key")]
    PublicKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorSelection {
    pub resident_key: String,
    /// The same, for browsers of Level 1.
    pub require_resident_key: bool,
    pub user_verification: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    /// Asks whether the credential can be found without its id.
    pub cred_props: bool,
}

/// For `PublicKeyCredential.signalAllAcceptedCredentials` (§5.1.10.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedCredentials {
    pub rp_id: String,
    pub user_id: String,
    pub all_accepted_credential_ids: Vec<String>,
}

/// For `PublicKeyCredential.signalCurrentUserDetails` (§5.1.10.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDetails {
    pub rp_id: String,
    pub user_id: String,
    pub name: String,
    pub display_name: String,
}
