//! The public keys of PASETO as PASERK writes them, and their names.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use blake2::{
    Blake2b,
    digest::{Digest, consts::U33},
};
use serde::Serialize;

const PUBLIC: &str = "k4.public.";
const ID: &str = "k4.pid.";

/// A public key of Ed25519, as others fetch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paserk {
    /// `k4.pid.…`: what a token's footer names it.
    pub kid: String,
    /// `k4.public.…`
    pub key: String,
}

impl Paserk {
    pub fn of(public: &[u8; 32]) -> Self {
        let key = format!("{PUBLIC}{}", BASE64.encode(public));
        let hash = Blake2b::<U33>::new().chain_update(ID).chain_update(&key).finalize();
        Self { kid: format!("{ID}{}", BASE64.encode(hash)), key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_standards_vectors() {
        let counted: [u8; 32] = std::array::from_fn(|n| 0x70 + u8::try_from(n).unwrap());
        let mut last = counted;
        last[31] += 1;
        for (key, kid) in [
            ([0; 32], "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE"),
            (counted, "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs"),
            (last, "k4.pid.-nyvbaTz8U6TQz7OZWW-iB3va31iAxIpUgzUcVQVmW9A"),
        ] {
            assert_eq!(Paserk::of(&key).kid, kid);
        }
    }
}
