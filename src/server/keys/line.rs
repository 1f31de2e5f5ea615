//! Lines of keys. In each, one key signs at a time, and the next one follows it.

use crate::{
    model::client_algorithm::ClientAlgorithm,
    server::{config::TokenConfig, crypto::algorithm::Algorithm, store::signing_keys::SigningKeyRecord},
};

/// What a key signs. No key is of two lines: a token for a client can't pass for one of the portal, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyLine {
    /// Access tokens of the portal. Their algorithm is a setting, so one key may follow another of a different one.
    Portal,
    /// Tokens for clients: a line for each algorithm. It begins when the first client needs it.
    Clients(ClientAlgorithm),
    /// Access tokens for clients, as PASETO. It begins when the first service asks for them.
    Paseto,
}

/// What access tokens for clients are signed with: quick, and any service that verifies tokens knows it.
pub const CLIENT_ACCESS_TOKENS: ClientAlgorithm = ClientAlgorithm::Es256;

const PORTAL: &str = "portal";
const CLIENTS: &str = "clients";
const PASETO: &str = "paseto";

impl KeyLine {
    pub const ALL: [Self; 4] = [
        Self::Portal,
        Self::Clients(ClientAlgorithm::Rs256),
        Self::Clients(ClientAlgorithm::Es256),
        Self::Paseto,
    ];

    /// How it is stored: the algorithm is stored beside it.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Portal => PORTAL,
            Self::Clients(_) => CLIENTS,
            Self::Paseto => PASETO,
        }
    }

    /// What its next key is of.
    pub fn algorithm(self, config: &TokenConfig) -> Algorithm {
        match self {
            Self::Portal => config.algorithm,
            Self::Clients(algorithm) => algorithm.into(),
            Self::Paseto => Algorithm::EdDsa,
        }
    }

    /// The line that a stored key is of.
    pub fn of(record: &SigningKeyRecord) -> Option<Self> {
        match record.purpose.as_str() {
            PORTAL => Some(Self::Portal),
            CLIENTS => ClientAlgorithm::parse(&record.algorithm).ok().map(Self::Clients),
            PASETO => Some(Self::Paseto),
            _ => None,
        }
    }

    /// The keys of this line, in their order.
    pub fn keys(self, all: &[SigningKeyRecord]) -> Vec<SigningKeyRecord> {
        all.iter().filter(|record| Self::of(record) == Some(self)).cloned().collect()
    }
}

impl From<ClientAlgorithm> for Algorithm {
    fn from(algorithm: ClientAlgorithm) -> Self {
        match algorithm {
            ClientAlgorithm::Rs256 => Self::Rs256,
            ClientAlgorithm::Es256 => Self::Es256,
        }
    }
}
