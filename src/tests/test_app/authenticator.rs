//! An authenticator in software that does as it is told, so that each thing which it says can be wrong.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ciborium::{Value as Cbor, cbor};
use serde_json::{Value, json};

use crate::server::crypto::entropy::Entropy;

pub const USER_PRESENT: u8 = 0x01;
pub const USER_VERIFIED: u8 = 0x04;
pub const BACKUP_ELIGIBLE: u8 = 0x08;
pub const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;

/// One passkey, and the browser that it is used in.
pub struct Authenticator {
    key: EcdsaKeyPair,
    pub credential_id: Vec<u8>,
    /// The user handle that it answers with.
    pub user_handle: Option<Vec<u8>>,
    pub relying_party: String,
    pub flags: u8,
    /// What it says next.
    pub sign_count: u32,
    /// The client data, but for its challenge and type.
    pub client_data: Value,
    /// The public key that it registers.
    pub cose: Vec<(Cbor, Cbor)>,
}

impl Authenticator {
    /// One that verifies its user and is synced, at this origin.
    pub fn at(relying_party: &str, origin: &str) -> Self {
        let entropy = Entropy::system();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, entropy.source()).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pair.as_ref()).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let bytes = |bytes: &[u8]| Cbor::Bytes(bytes.to_vec());
        let cose = [(1, 2.into()), (3, (-7).into()), (-1, 1.into()), (-2, bytes(x)), (-3, bytes(y))];
        Self {
            credential_id: entropy.bytes::<32>().unwrap().to_vec(),
            user_handle: None,
            relying_party: relying_party.to_owned(),
            flags: USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP,
            sign_count: 0,
            client_data: json!({ "origin": origin, "crossOrigin": false }),
            cose: cose.map(|(label, value): (i64, Cbor)| (label.into(), value)).to_vec(),
            key,
        }
    }

    /// Registers, as the options ask, and remembers whose it is.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user_handle = Some(decode(&options["user"]["id"]));
        let mut data = self.data(self.flags | HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(encoded(&Cbor::Map(self.cose.clone())));
        let attestation =
            cbor!({ "fmt" => "none", "attStmt" => {}, "authData" => Cbor::Bytes(data) }).unwrap();
        let client_data = self.client_data("webauthn.create", options);
        self.credential(json!({
            "clientDataJSON": BASE64.encode(client_data),
            "attestationObject": BASE64.encode(encoded(&attestation)),
            "transports": ["internal"],
        }))
    }

    /// Proves that it is there, as the options ask.
    pub fn get(&self, options: &Value) -> Value {
        let (data, client_data) = (self.data(self.flags), self.client_data("webauthn.get", options));
        let hash = digest(&SHA256, client_data.as_bytes());
        let signed = [&data, hash.as_ref()].concat();
        let signature = self.key.sign(Entropy::system().source(), &signed).unwrap();
        self.credential(json!({
            "clientDataJSON": BASE64.encode(client_data),
            "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature.as_ref()),
            "userHandle": self.user_handle.as_ref().map(|handle| BASE64.encode(handle)),
        }))
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let relying_party = digest(&SHA256, self.relying_party.as_bytes());
        [relying_party.as_ref(), &[flags], &self.sign_count.to_be_bytes()].concat()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let mut data = self.client_data.clone();
        for (name, value) in [("type", &json!(kind)), ("challenge", &options["challenge"])] {
            if data.get(name).is_none() {
                data[name] = value.clone();
            }
        }
        data.to_string()
    }

    fn credential(&self, response: Value) -> Value {
        let id = BASE64.encode(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} })
    }
}

fn decode(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().unwrap()).unwrap()
}

fn encoded(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
