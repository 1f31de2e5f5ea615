//! What can go wrong on the server, and what a caller sees of it.
//!
//! The policy: a *refusal* is the caller's to correct and says how; it is no fault and is not logged as one. A *fault*
//! is ours: it is logged once, here, with everything that is known, and the caller learns only that there is one and
//! whether trying again makes sense. A fault never says anything about a session or a password.

pub mod passkey;

use std::collections::BTreeMap;

use self::passkey::PasskeyError;
use super::{
    crypto::{entropy::NoEntropy, error::SealError},
    fetch::FetchError,
    key_sets::NoKeys,
    keys::{
        error::{KeyError, ResealError},
        manage::ManageError,
        rotation::RotationPending,
    },
    store::StoreError,
    tokens::{refresh::group::GroupError, verify::TokenError},
};
use crate::model::{
    display_name::InvalidDisplayName,
    email::InvalidEmail,
    error::{ApiError, Code},
    id::InvalidId,
    notice::InvalidNotice,
    oauth::client_id::InvalidClientId,
    role::UnknownRole,
    session::SignOutReason,
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
    /// The code of the second factor is not one that works now.
    #[error("wrong code")]
    WrongCode,
    #[error("the first step of the sign-in does not count any more")]
    AttemptClosed,
    #[error("the session has proved one factor only")]
    SecondFactorRequired,
    #[error("the account has such a factor already")]
    FactorExists,
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    #[error("the email address has an account")]
    EmailTaken,
    #[error("registration is closed")]
    RegistrationClosed,
    #[error("the setup link is not valid")]
    SetupClosed,
    #[error("the invitation is not valid")]
    InvitationClosed,
    #[error("the password reset link is not valid")]
    ResetClosed,
    #[error("the link is not valid")]
    LinkClosed,
    #[error("no mail is sent here")]
    NoMail,
    #[error("the address must be confirmed first")]
    ConfirmationRequired,
    #[error("the account is disabled")]
    AccountDisabled,
    #[error("the last administrator")]
    LastAdmin,
    #[error("the last way in")]
    LastWayIn,
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
    RotationUnderWay(#[from] RotationPending),
    /// A stored key is sealed under another master secret than the configured ones.
    #[error("the master secret is not the one that the database was made with")]
    OtherSecret,
    /// The keys of an app or a service are somewhere else, and can't be read there.
    #[error("{0}")]
    NoKeys(#[from] NoKeys),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// One field breaks a rule.
    pub fn invalid(field: &'static str, problem: impl ToString) -> Self {
        Self::Invalid(BTreeMap::from([(field, problem.to_string())]))
    }
}

macro_rules! faults {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Internal(error.to_string())
            }
        })*
    };
}
faults!(NoEntropy, FetchError, tokio::task::JoinError);

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::OtherSecret => Self::OtherSecret,
            fault => Self::Internal(fault.to_string()),
        }
    }
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Store(error) => Self::Store(StoreError::Group(error)),
            GroupError::Seal(error) => Self::Internal(error.to_string()),
        }
    }
}

impl From<ResealError> for Error {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Seal(error) => error.into(),
            ResealError::Store(error) => Self::Store(error),
        }
    }
}

/// An id that is malformed names nothing.
impl From<InvalidId> for Error {
    fn from(_: InvalidId) -> Self {
        Self::NotFound
    }
}

impl From<InvalidClientId> for Error {
    fn from(_: InvalidClientId) -> Self {
        Self::NotFound
    }
}

macro_rules! invalid_fields {
    ($($error:ty => $field:literal),*) => {
        $(impl From<$error> for Error {
            fn from(problem: $error) -> Self {
                Self::invalid($field, problem)
            }
        })*
    };
}
// Each of these types knows which field it was parsed from.
invalid_fields!(InvalidEmail => "email", InvalidDisplayName => "display_name", UnknownRole => "roles");

impl From<InvalidNotice> for Error {
    fn from(problem: InvalidNotice) -> Self {
        Self::invalid(problem.field(), problem)
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Store(error),
            KeyError::Sealed { error: SealError::OtherSecret, .. } => Self::OtherSecret,
            fault => Self::Internal(fault.to_string()),
        }
    }
}

impl From<ManageError> for Error {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::RotationPending(under_way) => Self::RotationUnderWay(under_way),
            ManageError::NotFound => Self::NotFound,
            ManageError::Key(error) => error.into(),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        log(&error);
        match error {
            Error::Invalid(fields) => Self::invalid(fields),
            Error::InvalidCredentials => {
                Self::new(Code::InvalidCredentials, "The email or password is incorrect.")
            }
            Error::WrongPassword(field) => of_field(Code::InvalidCredentials, field, "Incorrect password."),
            Error::WrongCode => of_field(
                Code::InvalidCredentials,
                "code",
                "This code does not work. Each works once and for a short time: try the next one.",
            ),
            Error::AttemptClosed => {
                Self::new(Code::SignInExpired, "This sign-in was finished or has expired. Sign in again.")
            }
            Error::SecondFactorRequired => Self::new(
                Code::SecondFactorRequired,
                "This needs a second factor. Set one up under Security, or sign in with it.",
            ),
            Error::Passkey(error) => error.into(),
            Error::FactorExists => Self::new(
                Code::FactorExists,
                "An authenticator app is set up already. Remove it before you set up another one.",
            ),
            Error::EmailTaken => {
                of_field(Code::EmailTaken, "email", "There is already an account with this email address.")
            }
            Error::RegistrationClosed => Self::new(
                Code::RegistrationClosed,
                "Sign-up is closed here. Ask an administrator for an account.",
            ),
            Error::ResetClosed => Self::new(
                Code::ResetClosed,
                "This link was used or has expired. Ask an administrator for a new one.",
            ),
            Error::LinkClosed => {
                Self::new(Code::LinkClosed, "This link was used or has expired. Ask for a new one.")
            }
            Error::NoMail => Self::new(Code::NoMail, "This portal sends no mail. Ask an administrator."),
            Error::ConfirmationRequired => Self::new(
                Code::ConfirmationRequired,
                "Reload this page: it asks for your email address alone, and a mail brings you on.",
            ),
            Error::AccountDisabled => {
                Self::new(Code::AccountDisabled, "This account is disabled. Enable it first.")
            }
            Error::SetupClosed => Self::new(
                Code::SetupClosed,
                "This setup link was used or has expired. While there are no accounts, the server prints a new link each time it starts.",
            ),
            Error::InvitationClosed => Self::new(
                Code::InvitationClosed,
                "This invitation was used or has expired. Ask an administrator for a new one.",
            ),
            Error::LastAdmin => Self::new(
                Code::LastAdmin,
                "This is the last administrator who can sign in. Make someone else an administrator first.",
            ),
            Error::LastWayIn => Self::new(
                Code::LastWayIn,
                "You could not sign in any more. Add a passkey or link another provider first, or ask an administrator for a link to set a password.",
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
                Self::new(Code::ReauthenticationRequired, "Confirm your password to continue.")
            }
            Error::Busy => retry(Code::Busy, "Many people are signing in right now. Try again in a moment."),
            Error::NoSession => Self::new(Code::NoSession, SignOutReason::Missing.message()),
            Error::SessionEnded(reason) => ended(reason),
            Error::MissingToken => {
                Self::new(Code::MissingToken, "This page has not finished loading. Reload it and try again.")
            }
            Error::Token(_) => Self::new(Code::InvalidToken, "The access token is not valid."),
            Error::Forbidden => Self::new(Code::Forbidden, "You don't have permission to do this."),
            Error::NotFound => Self::new(Code::NotFound, "This no longer exists. It may have been deleted."),
            Error::RotationUnderWay(under_way) => {
                let from = under_way.at.to_utc().to_minute();
                Self::new(
                    Code::RotationUnderWay,
                    format!("A rotation is already under way. The new key signs from {from}."),
                )
            }
            Error::Store(_) | Error::NoKeys(_) => retry(
                Code::Unavailable,
                "The server can't answer right now. Nothing was changed; try again in a moment.",
            ),
            Error::OtherSecret | Error::Internal(_) => Self::internal(),
        }
    }
}

/// What is wrong with one field, by a code of its own.
fn of_field(code: Code, field: &'static str, problem: &str) -> ApiError {
    ApiError { code, ..ApiError::invalid([(field, problem.to_owned())]) }
}

/// Faults, and attempts to get around the rules (OWASP ASVS 16.3.3), each in one line beside the request's own.
fn log(error: &Error) {
    match error {
        Error::Store(_) | Error::OtherSecret | Error::NoKeys(_) | Error::Internal(_) => {
            tracing::error!(%error, "a request failed");
        }
        Error::Token(reason) if reason.is_forgery() => {
            tracing::warn!(%reason, "a forged access token was refused");
        }
        Error::TooManyAttempts { .. } => tracing::warn!("a limit was reached"),
        Error::SetupClosed | Error::InvitationClosed | Error::ResetClosed | Error::LinkClosed => {
            tracing::warn!(reason = %error, "a link was refused");
        }
        Error::Token(reason) => tracing::info!(%reason, "an access token was refused"),
        refusal => tracing::debug!(%refusal, "a request was refused"),
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
    fn internal_details_never_reach_the_caller() {
        let faults = [
            Error::Store(StoreError::Corrupt {
                table: "users",
                row: "7".to_owned(),
                problem: "secret detail".to_owned(),
            }),
            Error::Store(StoreError::Database(sqlx::Error::Protocol("secret detail".to_owned()))),
            Error::Internal("secret detail".to_owned()),
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
    fn a_store_error_is_a_503_with_retry_after_and_ends_no_session() {
        let error = ApiError::from(Error::Store(StoreError::Database(sqlx::Error::PoolTimedOut)));
        assert_eq!((error.code.status(), error.retry_after, error.ends_session()), (503, Some(1), None));
    }
}
