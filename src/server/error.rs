//! What can go wrong on the server, and what a caller sees of it.
//!
//! The policy: a *refusal* is the caller's to mend and says how; it is no fault and is not logged as one. A *fault*
//! is ours: it is logged once, here, with everything that is known, and the caller learns only that there is one and
//! whether trying again makes sense. A fault never says anything about a session or a password.

use std::collections::BTreeMap;

use super::{
    clock::NoEntropy,
    secret::SealError,
    store::StoreError,
    tokens::{keys::KeyError, manage::ManageError, rotation::UnderWay, verify::TokenError},
};
use crate::{
    api::error::{ApiError, Code},
    model::{id::InvalidId, session::SignOutReason},
};

/// Seconds after which a caller who met a full queue or a silent store may try again.
const RETRY_AFTER: u64 = 1;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields that break a rule: name → what is wrong.
    #[error("invalid input: {0:?}")]
    Invalid(BTreeMap<&'static str, String>),
    #[error("wrong email or password")]
    InvalidCredentials,
    /// The password that was asked again, in this field, is another one.
    #[error("wrong password")]
    WrongPassword(&'static str),
    #[error("the email address has an account")]
    EmailTaken,
    #[error("registration is closed")]
    RegistrationClosed,
    #[error("the setup link is not valid")]
    SetupClosed,
    #[error("the invitation is not valid")]
    InvitationClosed,
    #[error("the last administrator")]
    LastAdmin,
    #[error("not a cursor of this list")]
    InvalidCursor,
    #[error("too many attempts")]
    TooManyAttempts { seconds: u64 },
    #[error("the password was not entered recently enough")]
    ReauthenticationRequired,
    #[error("too many password checks are waiting")]
    Busy,
    #[error("no session")]
    NoSession,
    #[error("the session has ended: {0:?}")]
    SessionEnded(SignOutReason),
    #[error("no access token")]
    MissingToken,
    #[error("access token refused: {0}")]
    Token(#[from] TokenError),
    #[error("not allowed")]
    Forbidden,
    #[error("not found")]
    NotFound,
    /// What was asked for is being done already.
    #[error(transparent)]
    RotationUnderWay(#[from] UnderWay),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Fault(String),
}

impl Error {
    pub fn invalid(field: &'static str, problem: impl ToString) -> Self {
        Self::Invalid(BTreeMap::from([(field, problem.to_string())]))
    }
}

macro_rules! faults {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Fault(error.to_string())
            }
        })*
    };
}
faults!(NoEntropy, SealError, InvalidId, tokio::task::JoinError);

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Store(error),
            fault => Self::Fault(fault.to_string()),
        }
    }
}

impl From<ManageError> for Error {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::UnderWay(under_way) => Self::RotationUnderWay(under_way),
            ManageError::NotFound => Self::NotFound,
            ManageError::Key(error) => error.into(),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Store(_) | Error::Fault(_) => tracing::error!(%error, "a request failed"),
            Error::Token(reason) => tracing::info!(%reason, "an access token was refused"),
            refusal => tracing::debug!(%refusal, "a request was refused"),
        }
        match error {
            Error::Invalid(fields) => Self::invalid(fields),
            Error::InvalidCredentials => {
                Self::new(Code::InvalidCredentials, "Email or password is not right.")
            }
            Error::WrongPassword(field) => {
                let mut error = Self::invalid([(field, "This is not your password.".to_owned())]);
                error.code = Code::InvalidCredentials;
                error
            }
            Error::EmailTaken => {
                let mut error = Self::invalid([(
                    "email",
                    "There is an account with this email address already.".to_owned(),
                )]);
                error.code = Code::EmailTaken;
                error
            }
            Error::RegistrationClosed => Self::new(
                Code::RegistrationClosed,
                "Sign-up is closed here. Ask an administrator for an account.",
            ),
            Error::SetupClosed => Self::new(
                Code::SetupClosed,
                "This setup link is used up or has expired. While there is no account, each start of the server prints a new one.",
            ),
            Error::InvitationClosed => Self::new(
                Code::InvitationClosed,
                "This invitation is used up or has expired. Ask an administrator for a new one.",
            ),
            Error::LastAdmin => Self::new(
                Code::LastAdmin,
                "This is the last administrator who can sign in. Make another one first.",
            ),
            Error::InvalidCursor => {
                Self::new(Code::InvalidCursor, "The list has changed. Start from its first page.")
            }
            Error::TooManyAttempts { seconds } => Self {
                retry_after: Some(seconds),
                ..Self::new(
                    Code::TooManyAttempts,
                    format!("Too many attempts. Try again in {}.", wait(seconds)),
                )
            },
            Error::ReauthenticationRequired => {
                Self::new(Code::ReauthenticationRequired, "Enter your password to go on.")
            }
            Error::Busy => retry(Code::Busy, "Many people are signing in right now. Try again in a moment."),
            Error::NoSession => Self::new(Code::NoSession, SignOutReason::Missing.message()),
            Error::SessionEnded(reason) => ended(reason),
            Error::MissingToken => Self::new(Code::MissingToken, "Sign in to use this."),
            Error::Token(_) => Self::new(Code::InvalidToken, "The access token is not valid."),
            Error::Forbidden => Self::new(Code::Forbidden, "Your account is not allowed to do this."),
            Error::NotFound => Self::new(Code::NotFound, "There is no such thing."),
            Error::RotationUnderWay(under_way) => {
                let from = under_way.at.to_utc().to_minute();
                Self::new(
                    Code::RotationUnderWay,
                    format!("A rotation is under way: the new key signs from {from} on."),
                )
            }
            Error::Store(_) => retry(
                Code::Unavailable,
                "The server can't answer right now. Nothing was changed; try again in a moment.",
            ),
            Error::Fault(_) => Self::new(Code::Internal, "Something went wrong on our side."),
        }
    }
}

fn retry(code: Code, message: &str) -> ApiError {
    ApiError { retry_after: Some(RETRY_AFTER), ..ApiError::new(code, message) }
}

fn wait(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn ended(reason: SignOutReason) -> ApiError {
    let code = match reason {
        SignOutReason::Expired => Code::SessionExpired,
        SignOutReason::Reused => Code::SessionReused,
        _ => Code::SessionRevoked,
    };
    ApiError { reason: Some(reason), ..ApiError::new(code, reason.message()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_inside_reaches_the_caller() {
        let faults = [
            Error::Store(StoreError::Corrupt {
                table: "users",
                row: "7".to_owned(),
                problem: "secret detail".to_owned(),
            }),
            Error::Store(StoreError::Database(sqlx::Error::Protocol("secret detail".to_owned()))),
            Error::Fault("secret detail".to_owned()),
            Error::Token(TokenError::Signature),
        ];
        for fault in faults {
            let json = serde_json::to_string(&ApiError::from(fault)).unwrap();
            assert!(
                !json.contains("secret") && !json.contains("users") && !json.contains("signature"),
                "{json}"
            );
        }
    }

    #[test]
    fn a_fault_of_the_store_says_when_to_try_again_and_accuses_nobody() {
        let error = ApiError::from(Error::Store(StoreError::Database(sqlx::Error::PoolTimedOut)));
        assert_eq!((error.code.status(), error.retry_after, error.ends_session()), (503, Some(1), None));
    }
}
