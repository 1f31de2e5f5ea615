//! What a caller of a server function sees when it is refused.
//!
//! The policy: `code` is for programs and stable, `message` is for people, `fields` names what to correct. Nothing of
//! the inside (no SQL, no path, no library's text) is ever in them; [`crate::server::error`] logs that once and
//! translates it to one of these.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

use super::{json::JsonText, session::SignOutReason};

/// An error as JSON: `{"code", "message"}`, and where it applies `fields`, `reason`, `retry_after`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    pub code: Code,
    pub message: String,
    /// Name of a field → what is wrong with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// With the codes that end a session: why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SignOutReason>,
    /// Seconds after which trying again makes sense; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal,)*) => {
        /// The stable name of an error; on the wire in snake case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The cursor is not one of this list.
    InvalidCursor = 400,
    /// The request is no form: wrong encoding, a field twice, a field that does not exist.
    MalformedRequest = 400,
    /// No access token came with the request.
    MissingToken = 401,
    /// The access token is malformed, expired, forged, revoked or stale (RFC 6750 §3.1). Refresh and try again.
    InvalidToken = 401,
    InvalidCredentials = 401,
    /// What a passkey has proved is not enough, or is not what was asked for.
    PasskeyRefused = 401,
    /// There is no such passkey here.
    UnknownPasskey = 401,
    /// The browser holds no refresh token, or none of ours.
    NoSession = 401,
    SessionExpired = 401,
    SessionRevoked = 401,
    SessionReused = 401,
    /// The password was not entered recently enough for this; enter it and try again.
    ReauthenticationRequired = 403,
    /// The session has proved one factor, and this needs two.
    SecondFactorRequired = 403,
    /// The first step of signing in was too long ago, was finished, or counts no more.
    SignInExpired = 403,
    /// The right token, the wrong role.
    Forbidden = 403,
    /// The request was made by another site's page.
    CrossSite = 403,
    RegistrationClosed = 403,
    /// The setup link is used up, expired or not one of ours.
    SetupClosed = 403,
    /// The invitation is used up, expired or not one of ours.
    InvitationClosed = 403,
    /// The password reset link is used up, expired or not one of ours.
    ResetClosed = 403,
    /// The mailed link is used up, expired or not one of ours.
    LinkClosed = 403,
    /// Accounts are made by a link that is mailed to their address.
    ConfirmationRequired = 403,
    /// No mail is sent here.
    NoMail = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    EmailTaken = 409,
    /// The account must be enabled first.
    AccountDisabled = 409,
    /// What a passkey was asked for was too long ago, or something else.
    CeremonyExpired = 403,
    /// The account has such a second factor already.
    FactorExists = 409,
    /// Somebody has that passkey already.
    PasskeyExists = 409,
    TooManyPasskeys = 409,
    /// Nothing would be left to sign in with.
    LastWayIn = 409,
    /// Nobody could administer any more.
    LastAdmin = 409,
    /// A new signing key waits to sign already.
    RotationUnderWay = 409,
    PayloadTooLarge = 413,
    UnsupportedMediaType = 415,
    InvalidInput = 422,
    TooManyAttempts = 429,
    Internal = 500,
    /// Too many password checks are waiting.
    Busy = 503,
    /// The store does not answer. Nothing happened; nobody was signed out.
    Unavailable = 503,
    /// Made in the browser: the server could not be reached. Never sent.
    #[serde(other)]
    Unreachable = 503,
}

impl ApiError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: BTreeMap::new(), reason: None, retry_after: None }
    }

    /// A fault of ours. What it is stands in the log alone.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "Something went wrong on our side.")
    }

    /// Input that breaks a rule, by field.
    pub fn invalid(fields: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let fields: BTreeMap<_, _> =
            fields.into_iter().map(|(name, problem)| (name.to_owned(), problem)).collect();
        Self { fields, ..Self::new(Code::InvalidInput, "Check the fields below.") }
    }

    /// One sentence: what is wrong with the first field at fault, or else with the whole.
    pub fn sentence(&self) -> &str {
        self.fields.values().next().unwrap_or(&self.message)
    }

    /// Why the person is signed out now, where this error says that they are. A fault never does.
    pub fn ends_session(&self) -> Option<SignOutReason> {
        match self.code {
            Code::NoSession => Some(SignOutReason::Missing),
            Code::SessionExpired => Some(SignOutReason::Expired),
            Code::SessionReused => Some(SignOutReason::Reused),
            Code::SessionRevoked => Some(self.reason.unwrap_or(SignOutReason::EndedElsewhere)),
            _ => None,
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

    /// Translates what the server-function machinery itself refuses: arguments, on the server; transport, in the
    /// browser.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => {
                missing_or_malformed(&detail)
            }
            ServerFnErrorErr::Request(_) => Self::new(
                Code::Unreachable,
                "The server can't be reached. Check your connection and try again.",
            ),
            ServerFnErrorErr::Deserialization(_) => {
                Self::new(Code::Unavailable, "The server did not answer as expected. Try again in a moment.")
            }
            ServerFnErrorErr::Serialization(_) => {
                Self::new(Code::InvalidInput, "Some fields are missing. Reload the page and try again.")
            }
            _ => Self::new(Code::Internal, "Something went wrong on our side."),
        }
    }
}

/// serde says «missing field `email`»: the name is what the caller needs.
fn missing_or_malformed(detail: &str) -> ApiError {
    let field = detail.split('`').nth(1);
    let (problem, field) = match field {
        Some(field) if detail.starts_with("missing field") => ("This field is required.", field),
        Some(field) => ("This value is not valid.", field),
        None => {
            return ApiError::new(Code::MalformedRequest, "A field has a value that is not valid.");
        }
    };
    let mut error = ApiError::invalid([]);
    error.fields.insert(field.to_owned(), problem.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_snake_case_and_nothing_empty_is_sent() {
        let json = serde_json::to_string(&ApiError::new(Code::EmailTaken, "Taken.")).unwrap();
        assert_eq!(json, r#"{"code":"email_taken","message":"Taken."}"#);
    }

    #[test]
    fn an_unknown_error_code_signs_nobody_out() {
        let error: ApiError = serde_json::from_str(r#"{"code":"from_the_future","message":"?"}"#).unwrap();
        assert_eq!(error.ends_session(), None);
    }

    #[test]
    fn a_missing_field_is_named() {
        let error =
            ApiError::from_server_fn_error(ServerFnErrorErr::Args("missing field `email`".to_owned()));
        assert_eq!(
            (error.code, error.fields["email"].as_str()),
            (Code::InvalidInput, "This field is required.")
        );
    }

    #[test]
    fn only_typed_reasons_end_a_session() {
        use Code::*;
        for fault in
            [Busy, Unavailable, Unreachable, Internal, InvalidToken, MissingToken, TooManyAttempts, CrossSite]
        {
            assert_eq!(ApiError::new(fault, "").ends_session(), None, "{fault:?}");
        }
    }
}
