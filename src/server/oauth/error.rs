//! Why a request of a client is refused, in the words of RFC 6749 §5.2. Clients act on them: `invalid_grant` makes one
//! throw its tokens away, so a fault of ours is never called so.

use std::borrow::Cow;

use crate::{
    model::error::ApiError,
    server::{error::Error, store::StoreError},
};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal $status:literal,)*) => {
        /// What is wrong, as clients read it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OAuthCode {
            $($(#[$doc])* $name,)*
        }

        impl OAuthCode {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request" 400,
    /// The client did not prove who it is.
    InvalidClient = "invalid_client" 401,
    /// The code, the refresh token or what it stands for is no longer good.
    InvalidGrant = "invalid_grant" 400,
    UnauthorizedClient = "unauthorized_client" 400,
    UnsupportedGrantType = "unsupported_grant_type" 400,
    UnsupportedResponseType = "unsupported_response_type" 400,
    UnsupportedTokenType = "unsupported_token_type" 400,
    InvalidScope = "invalid_scope" 400,
    /// RFC 8707 §2.
    InvalidTarget = "invalid_target" 400,
    AccessDenied = "access_denied" 400,
    // OpenID Connect Core §3.1.2.6.
    LoginRequired = "login_required" 400,
    ConsentRequired = "consent_required" 400,
    InteractionRequired = "interaction_required" 400,
    /// The person cannot prove what the client asks for (OpenID Connect Core Unmet Authentication Requirements 1.0).
    UnmetAuthenticationRequirements = "unmet_authentication_requirements" 400,
    RequestNotSupported = "request_not_supported" 400,
    RequestUriNotSupported = "request_uri_not_supported" 400,
    // RFC 8628 §3.5.
    AuthorizationPending = "authorization_pending" 400,
    SlowDown = "slow_down" 400,
    ExpiredToken = "expired_token" 400,
    TooManyAttempts = "temporarily_unavailable" 429,
    Unavailable = "temporarily_unavailable" 503,
    Internal = "server_error" 500,
}

/// A refusal, with a sentence for whoever writes the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct OAuthError {
    pub code: OAuthCode,
    /// Visible ASCII without `"` and `\` (RFC 6749 §5.2).
    pub description: Cow<'static, str>,
    /// Whether the client tried HTTP Basic, which is answered in kind.
    pub basic: bool,
    /// Seconds after which it may try again.
    pub retry_after: Option<u64>,
}

impl OAuthError {
    pub fn new(code: OAuthCode, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        let allowed = |c: char| matches!(c, ' '..='~' if c != '"' && c != '\\');
        let description = if description.chars().all(allowed) {
            description
        } else {
            description.chars().map(|c| if allowed(c) { c } else { '?' }).collect::<String>().into()
        };
        Self { code, description, basic: false, retry_after: None }
    }

    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(OAuthCode::InvalidRequest, description)
    }

    /// The same words whatever was wrong with the client: whether it exists is nobody's business.
    pub fn invalid_client() -> Self {
        Self::new(OAuthCode::InvalidClient, "The client could not be authenticated.")
    }

    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(OAuthCode::InvalidGrant, description)
    }
}

/// What a use case refuses ends the grant only where that is what it means. Everything else that a client cannot mend is
/// a fault of ours.
impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        match error {
            Error::TooManyAttempts { seconds } => Self {
                retry_after: Some(seconds),
                ..Self::new(OAuthCode::TooManyAttempts, "Too many attempts.")
            },
            Error::SessionEnded(_) | Error::NoSession | Error::AccountDisabled | Error::NotFound => {
                Self::invalid_grant("The authorization has ended.")
            }
            fault => {
                // This logs it, and knows whether trying again makes sense.
                let ApiError { retry_after, .. } = ApiError::from(fault);
                match retry_after {
                    Some(_) => Self {
                        retry_after,
                        ..Self::new(
                            OAuthCode::Unavailable,
                            "The server can't answer right now. Try again in a moment.",
                        )
                    },
                    None => Self::new(OAuthCode::Internal, "Something went wrong on our side."),
                }
            }
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::SignOutReason;

    #[test]
    fn a_fault_of_ours_never_ends_a_grant() {
        let silent = || StoreError::Database(sqlx::Error::PoolTimedOut);
        let error = OAuthError::from(silent());
        assert_eq!(
            (error.code.status(), error.code.as_str(), error.retry_after),
            (503, "temporarily_unavailable", Some(1))
        );
        let error = OAuthError::from(Error::Internal("secret detail".to_owned()));
        assert_eq!((error.code, error.retry_after), (OAuthCode::Internal, None));
        assert!(!error.description.contains("secret"));
        assert_eq!(OAuthError::from(Error::Busy).code, OAuthCode::Unavailable);
        assert_eq!(OAuthError::from(Error::Forbidden).code, OAuthCode::Internal);
        assert_eq!(
            OAuthError::from(Error::SessionEnded(SignOutReason::Reused)).code,
            OAuthCode::InvalidGrant
        );
    }

    #[test]
    fn a_description_has_the_characters_that_the_standard_allows() {
        let error = OAuthError::invalid_request("a \"b\" \\ c\n\u{e4}~!");
        assert_eq!(error.description, "a ?b? ? c??~!");
    }
}
