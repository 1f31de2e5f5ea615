//! Why a signing key can't be made, opened or used.

use aws_lc_rs::error::{KeyRejected, Unspecified};

use crate::server::{
    crypto::{entropy::NoEntropy, error::SealError},
    store::StoreError,
};

/// Why a signing key cannot be made, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a cryptographic function failed")]
    Crypto,
    #[error("a private key is malformed")]
    Rejected,
    #[error("the signing key {kid} can't be opened: {error}")]
    Sealed { kid: String, error: SealError },
    #[error("the signing key {kid} is of the unknown algorithm {algorithm:?}")]
    UnknownAlgorithm { kid: String, algorithm: String },
    #[error("the signing key {kid} is for the unknown purpose {purpose:?}")]
    UnknownPurpose { kid: String, purpose: String },
    #[error("no signing key is active")]
    NoneActive,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoEntropy> for KeyError {
    fn from(_: NoEntropy) -> Self {
        Self::Crypto
    }
}

impl From<Unspecified> for KeyError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl From<KeyRejected> for KeyError {
    fn from(_: KeyRejected) -> Self {
        Self::Rejected
    }
}

/// Why the secrets could not be sealed anew. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
