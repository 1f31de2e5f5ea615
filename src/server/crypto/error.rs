//! Why a cryptographic operation failed.

use super::entropy::NoEntropy;

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("a cryptographic function failed")]
    Crypto,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error("the sealed value is damaged, or was moved from another place")]
    Damaged,
    #[error(
        "it was sealed under another master secret: set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE to the one that this database was made with"
    )]
    OtherSecret,
}
