//! Registering a new credential (§7.1).

use serde::Deserialize;

use super::{
    Expected, Refused,
    authenticator_data::AuthenticatorData,
    cbor::Map,
    client_data::{self, Kind},
    json::{self, Bytes},
    public_key::PublicKey,
};

/// A credential that was made as it was asked for. Only [`register`] makes one.
///
/// Nobody vouches for what it says of its authenticator: attestation is not asked for, and one that comes is not looked
/// at. A person who lies about their own passkey harms nobody else.
#[derive(Debug)]
pub struct NewCredential {
    id: Vec<u8>,
    public_key: Vec<u8>,
    sign_count: u32,
    backup_eligible: bool,
    backed_up: bool,
    aaguid: [u8; 16],
    transports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    attestation_object: Bytes,
    #[serde(default)]
    transports: Vec<String>,
}

/// Checks a credential as the browser sends it. That its id is new is for the caller to see to.
pub fn register(credential: &str, expected: Expected<'_>) -> Result<NewCredential, Refused> {
    let (id, response) = json::parse::<Response>(credential)?;
    client_data::check(&response.client_data.0, Kind::Create, expected)?;
    let malformed = Refused::Malformed("the attestation object");
    let attestation = Map::of(&response.attestation_object.0)?;
    // Any format will do: what it attests is not looked at.
    attestation.named("fmt").and_then(|format| format.as_text()).ok_or(malformed)?;
    let data = attestation.named("authData").and_then(|data| data.as_bytes()).ok_or(malformed)?;
    let data = AuthenticatorData::parse(data)?;
    data.check(expected)?;
    let made = data.credential.as_ref().ok_or(malformed)?;
    if made.id != id {
        return Err(malformed);
    }
    PublicKey::from_cose(made.public_key)?;
    Ok(NewCredential {
        id,
        public_key: made.public_key.to_vec(),
        sign_count: data.sign_count,
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
        aaguid: made.aaguid,
        transports: known(response.transports),
    })
}

/// How a browser may reach an authenticator (§5.8.4). Others are left out: they are no more than a hint.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

fn known(mut transports: Vec<String>) -> Vec<String> {
    transports.retain(|transport| TRANSPORTS.contains(&transport.as_str()));
    transports.sort_unstable();
    transports.dedup();
    transports
}

impl NewCredential {
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Its public key, a COSE key that [`PublicKey::from_cose`] reads.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub fn sign_count(&self) -> u32 {
        self.sign_count
    }

    /// Whether its maker may copy it to other devices.
    pub fn backup_eligible(&self) -> bool {
        self.backup_eligible
    }

    /// Whether it has.
    pub fn backed_up(&self) -> bool {
        self.backed_up
    }

    /// The model of the authenticator, by its own account.
    pub fn aaguid(&self) -> [u8; 16] {
        self.aaguid
    }

    pub fn transports(&self) -> &[String] {
        &self.transports
    }
}
