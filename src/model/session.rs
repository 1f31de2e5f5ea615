//! What the browser knows of a session.

use serde::{Deserialize, Serialize};

use super::{
    display_name::DisplayName,
    id::{SessionId, UserId},
    role::Roles,
    second_factor::{RecoveryCodes, SecondFactorPolicy, SecondStep},
    utc_time::UtcTime,
};

/// The answer to sign-up, sign-in and refresh. It goes into WASM memory and nowhere else.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    #[serde(default)]
    pub status: SignedIn,
    /// A signed access token (RFC 9068), for `Authorization: Bearer`.
    pub access_token: String,
    pub token_type: TokenType,
    /// Lifetime of the access token, in seconds.
    pub expires_in: u64,
    /// The session that it was minted for: its `sid`.
    pub session_id: SessionId,
    pub user: SessionUser,
    /// What it may not do, because it has proved one factor only.
    #[serde(default, skip_serializing_if = "SecondFactorPolicy::is_optional")]
    pub restricted: SecondFactorPolicy,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("user", &self.user).finish_non_exhaustive()
    }
}

/// That a session has been started, or goes on; as opposed to [`SecondStep`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignedIn {
    #[default]
    #[serde(rename = "signed_in")]
    SignedIn,
}

/// What signing in has come to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SignIn {
    Session(TokenResponse),
    SecondStep(SecondStep),
}

/// The answer to the code that has confirmed an authenticator app: the session, which has proved a second factor by it,
/// and the account's first recovery codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TotpConfirmed {
    #[serde(flatten)]
    pub session: TokenResponse,
    /// None if the account has some already.
    #[serde(flatten)]
    pub codes: RecoveryCodes,
}

/// How an access token is presented (RFC 6750).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenType {
    Bearer,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionUser {
    pub id: UserId,
    pub display_name: DisplayName,
    pub roles: Roles,
}

/// A session, and whose it is. It proves nothing: neither id is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSession {
    pub user: UserId,
    pub id: SessionId,
}

impl From<&TokenResponse> for HeldSession {
    fn from(response: &TokenResponse) -> Self {
        Self { user: response.user.id.clone(), id: response.session_id.clone() }
    }
}

/// What a page knows of the session that it was rendered for: who, and what they may do. No proof of anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The page's script compares it with the session of every access token: the browser may be somebody else's by then.
    pub session: HeldSession,
    pub display_name: DisplayName,
    pub roles: Roles,
    /// What it may not do, because it has proved one factor only.
    #[serde(default, skip_serializing_if = "SecondFactorPolicy::is_optional")]
    pub restricted: SecondFactorPolicy,
    /// When the session ends unless it is used before; unknown after signing in without a page load.
    pub expires_at: Option<UtcTime>,
}

impl From<&TokenResponse> for SessionView {
    fn from(response: &TokenResponse) -> Self {
        let SessionUser { display_name, roles, .. } = response.user.clone();
        let restricted = response.restricted;
        Self { session: response.into(), display_name, roles, restricted, expires_at: None }
    }
}

/// A session in its owner's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// As its owner calls it.
    pub name: Option<String>,
    /// "Firefox on Linux".
    pub device: String,
    pub ip: String,
    pub created_at: UtcTime,
    pub last_seen_at: UtcTime,
    /// When it ends unless it is used before.
    pub expires_at: UtcTime,
    /// Whether no sign-in before it came from such a device.
    #[serde(default)]
    pub new_device: bool,
    /// Whether no sign-in before it came from its network.
    #[serde(default)]
    pub new_network: bool,
}

/// Why a session ended, as its owner is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOutReason {
    /// The person signed out, in this browser.
    SignedOut,
    /// Not used for too long, or older than a session may get.
    Expired,
    /// The person ended it from another device.
    EndedElsewhere,
    /// The same browser signed in again.
    Replaced,
    /// The account has too many sessions; it was the one unused for longest.
    TooMany,
    /// The password was changed on another device.
    PasswordChanged,
    /// A second factor was added or removed on another device, or a provider unlinked.
    FactorChanged,
    /// The person signed out at the provider through which they had come.
    SignedOutUpstream,
    /// An administrator ended it.
    EndedByAdmin,
    /// The account was disabled.
    AccountClosed,
    /// The account was deleted, by the person or by an administrator.
    AccountDeleted,
    /// A refresh token was used a second time: two parties hold it.
    Reused,
    /// The browser holds no session, although the page did.
    Missing,
}

impl SignOutReason {
    pub const ALL: [Self; 13] = [
        Self::SignedOut,
        Self::Expired,
        Self::EndedElsewhere,
        Self::Replaced,
        Self::TooMany,
        Self::PasswordChanged,
        Self::FactorChanged,
        Self::SignedOutUpstream,
        Self::EndedByAdmin,
        Self::AccountClosed,
        Self::AccountDeleted,
        Self::Reused,
        Self::Missing,
    ];

    /// Its name on the wire, in the database and in the sign-in page's address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Expired => "expired",
            Self::EndedElsewhere => "ended_elsewhere",
            Self::Replaced => "replaced",
            Self::TooMany => "too_many",
            Self::PasswordChanged => "password_changed",
            Self::FactorChanged => "factor_changed",
            Self::SignedOutUpstream => "signed_out_upstream",
            Self::EndedByAdmin => "ended_by_admin",
            Self::AccountClosed => "account_closed",
            Self::AccountDeleted => "account_deleted",
            Self::Reused => "reused",
            Self::Missing => "missing",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// What the sign-in page says.
    pub const fn message(self) -> &'static str {
        match self {
            Self::SignedOut => "You signed out.",
            Self::Expired => "Your session has expired. Sign in to continue.",
            Self::EndedElsewhere => "You signed out on another device.",
            Self::Replaced => "You signed in again in this browser.",
            Self::TooMany => {
                "You signed in on many other devices, so this session ended. Sign in to continue."
            }
            Self::PasswordChanged => "Your password was changed. Sign in with the new one.",
            Self::FactorChanged => "What you sign in with was changed on another device. Sign in again.",
            Self::SignedOutUpstream => "You signed out at the provider that you had signed in with.",
            Self::EndedByAdmin => "An administrator ended this session.",
            Self::AccountClosed => "This account is no longer active.",
            Self::AccountDeleted => "This account was deleted.",
            Self::Reused => {
                "This session was used from two places, so it was closed. If that was not you, sign in and change your password."
            }
            Self::Missing => "Your session in this browser has ended. Sign in again.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_out_reason_parses_from_its_wire_name() {
        for reason in SignOutReason::ALL {
            assert_eq!(SignOutReason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
        }
        assert_eq!(SignOutReason::parse("<script>"), None);
    }

    #[test]
    fn a_token_response_never_prints_its_token() {
        let session: TokenResponse = serde_json::from_str(
            r#"{"access_token":"secret","token_type":"Bearer","expires_in":900,"session_id":"019a0000-0000-7000-8000-00000000abcd",
                "user":{"id":"019a0000-0000-7000-8000-00000000abcd","display_name":"Ada","roles":["member"]}}"#,
        )
        .unwrap();
        assert!(!format!("{session:?}").contains("secret"));
    }
}
