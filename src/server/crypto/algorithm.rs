//! Signature algorithms (RFC 7518, RFC 8037).

use std::fmt;

use jsonwebtoken::Algorithm as JwtAlgorithm;

/// What an access token can be signed with. One key has one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 3072 bits.
    Rs256,
    /// HMAC with SHA-256. Whoever verifies can also sign.
    Hs256,
}

impl Algorithm {
    /// The names that settings, headers and key sets use.
    pub const NAMES: [(&'static str, Self); 4] =
        [("ES256", Self::Es256), ("EdDSA", Self::EdDsa), ("RS256", Self::Rs256), ("HS256", Self::Hs256)];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// The algorithm of exactly that name; JOSE names are case-sensitive (RFC 7515 §4.1.1).
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(known, algorithm)| (known == name).then_some(algorithm))
    }

    pub fn jwt(self) -> JwtAlgorithm {
        match self {
            Self::Es256 => JwtAlgorithm::ES256,
            Self::EdDsa => JwtAlgorithm::EdDSA,
            Self::Rs256 => JwtAlgorithm::RS256,
            Self::Hs256 => JwtAlgorithm::HS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
