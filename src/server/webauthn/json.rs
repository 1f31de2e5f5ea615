//! A credential as `PublicKeyCredential.toJSON()` writes it (§5.1).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::Refused;

/// Bytes as base64url without padding.
#[derive(Debug)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// What registration and authentication have in common. Members that mean nothing here are skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential<R> {
    id: Bytes,
    raw_id: Bytes,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

/// Reads a credential: its id and its response.
pub fn parse<'a, R: Deserialize<'a>>(json: &'a str) -> Result<(Vec<u8>, R), Refused> {
    let Credential::<R> { id, raw_id, kind, response } =
        serde_json::from_str(json).map_err(|_| Refused::Malformed("the credential"))?;
    if kind != "public-key" || id.0 != raw_id.0 {
        return Err(Refused::Malformed("the credential"));
    }
    Ok((raw_id.0, response))
}
