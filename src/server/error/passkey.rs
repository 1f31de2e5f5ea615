//! Why a passkey is not taken.

use crate::model::error::{ApiError, Code};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    #[error("the passkey does not prove it")]
    Refused,
    #[error("there is no such passkey")]
    Unknown,
    #[error("the challenge is not good for this, or not any more")]
    CeremonyClosed,
    #[error("the passkey is somebody's already")]
    Exists,
    #[error("the account has {0} passkeys")]
    TooMany(i64),
}

impl From<PasskeyError> for ApiError {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Refused => Self::new(
                Code::PasskeyRefused,
                "This passkey was not accepted. Try again, or go on without it.",
            ),
            PasskeyError::Unknown => {
                Self::new(Code::UnknownPasskey, "This passkey is not known here. It may have been removed.")
            }
            PasskeyError::CeremonyClosed => {
                Self::new(Code::CeremonyExpired, "This took too long. Try again.")
            }
            PasskeyError::Exists => Self::new(Code::PasskeyExists, "This passkey is registered already."),
            PasskeyError::TooMany(most) => Self::new(
                Code::TooManyPasskeys,
                format!("An account has at most {most} passkeys. Remove one that you no longer use."),
            ),
        }
    }
}
