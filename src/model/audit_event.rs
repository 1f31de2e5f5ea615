//! An event of the audit log, as it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::utc_time::UtcTime;

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// What can happen; the name in the log is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EventKind {
            $($(#[$doc])* $name,)*
        }

        impl EventKind {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in the log.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }
        }
    };
}

event_kinds! {
    AccountCreated = "account_created",
    InvitationAccepted = "invitation_accepted",
    AccountDisabled = "account_disabled",
    AccountEnabled = "account_enabled",
    AccountDeleted = "account_deleted",
    ProfileChanged = "profile_changed",
    PasswordChanged = "password_changed",
    PasswordChangeFailed = "password_change_failed",
    RolesChanged = "roles_changed",
    SignedIn = "signed_in",
    SignInFailed = "sign_in_failed",
    SignedOut = "signed_out",
    Reauthenticated = "reauthenticated",
    ReauthenticationFailed = "reauthentication_failed",
    SessionNamed = "session_named",
    /// A session ended in another way than by signing out; the detail has the reason.
    SessionEnded = "session_ended",
    /// Two parties hold a token of one session; it was closed.
    RefreshTokenReused = "refresh_token_reused",
    NoticePublished = "notice_published",
    NoticeRetracted = "notice_retracted",
    SigningKeyAdded = "signing_key_added",
    SigningKeyRevoked = "signing_key_revoked",
    /// Somebody signed in asked for what their roles do not allow.
    AccessDenied = "access_denied",
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    pub id: i64,
    pub at: UtcTime,
    /// What happened; a stable name.
    pub event: String,
    /// Who did it. Nobody: somebody who is not signed in, the program itself, or a command.
    pub actor: Option<Involved>,
    /// Whose account it is about.
    pub subject: Option<Involved>,
    pub session_id: Option<String>,
    pub ip: String,
    pub device: String,
    pub request_id: String,
    pub detail: BTreeMap<String, String>,
}

/// An account in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involved {
    pub id: String,
    /// Its address; nothing once it is deleted.
    pub email: Option<String>,
}

impl AuditEvent {
    pub fn title(&self) -> String {
        title(&self.event)
    }
}

/// An event's name as words: `sign_in_failed` is "Sign in failed".
pub fn title(event: &str) -> String {
    let words = event.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
