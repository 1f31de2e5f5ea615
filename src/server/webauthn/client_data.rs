//! The client data: what the browser says of the page that asked (§5.8.1).

use serde::{Deserialize, de::IgnoredAny};

use super::{Expected, Refused};

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Create,
    Get,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<IgnoredAny>,
}

/// Checks it: §7.1 steps 5 to 11, §7.2 steps 8 to 14. Nothing here is ever in a frame of another site's page.
pub fn check(json: &[u8], kind: Kind, expected: Expected<'_>) -> Result<(), Refused> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| Refused::Malformed("the client data"))?;
    if data.kind != kind.as_str() {
        return Err(Refused::Kind);
    }
    if data.challenge != expected.challenge {
        return Err(Refused::Challenge);
    }
    if data.origin != expected.relying_party.origin() {
        return Err(Refused::Origin);
    }
    if data.cross_origin || data.top_origin.is_some() {
        return Err(Refused::CrossOrigin);
    }
    Ok(())
}
