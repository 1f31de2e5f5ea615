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
    /// Somebody asked for another address, which gets a mail to confirm it.
    EmailChangeRequested = "email_change_requested",
    EmailChanged = "email_changed",
    /// The owner of the address before put it back, with a new password.
    EmailRestored = "email_restored",
    /// The account's owner used a link that was mailed to the address, or an administrator vouched for it; or no longer does.
    EmailVerified = "email_verified",
    EmailUnverified = "email_unverified",
    PasswordChanged = "password_changed",
    PasswordChangeFailed = "password_change_failed",
    PasswordResetRequested = "password_reset_requested",
    PasswordReset = "password_reset",
    /// Somebody asked for a link to sign in, which was mailed to the account's owner; or was not, as the detail says.
    MailedLinkRequested = "mailed_link_requested",
    RolesChanged = "roles_changed",
    SignedIn = "signed_in",
    SignInFailed = "sign_in_failed",
    /// The first step of signing in was right, and the account needs a second one.
    SecondStepRequested = "second_step_requested",
    /// A recovery code was right; it works no more.
    RecoveryCodeUsed = "recovery_code_used",
    TotpAdded = "totp_added",
    TotpRemoved = "totp_removed",
    RecoveryCodesCreated = "recovery_codes_created",
    /// An administrator has removed every second factor of an account.
    FactorsReset = "factors_reset",
    PasskeyAdded = "passkey_added",
    PasskeyRenamed = "passkey_renamed",
    PasskeyRemoved = "passkey_removed",
    /// An authenticator has counted less than before: there may be a copy of the passkey.
    PasskeyCounterLower = "passkey_counter_lower",
    /// What a browser offered as a new passkey is none.
    PasskeyRefused = "passkey_refused",
    /// The owner of an account has a passkey asked for after the password, or no longer.
    SecondStepEnabled = "second_step_enabled",
    SecondStepDisabled = "second_step_disabled",
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
    ClientAdded = "client_added",
    ClientChanged = "client_changed",
    ClientSecretRotated = "client_secret_rotated",
    ClientDisabled = "client_disabled",
    ClientEnabled = "client_enabled",
    ClientRemoved = "client_removed",
    /// A service gets its access tokens in a form of its own.
    ResourceAdded = "resource_added",
    ResourceChanged = "resource_changed",
    ResourceRemoved = "resource_removed",
    GroupAdded = "group_added",
    GroupRemoved = "group_removed",
    GroupMemberAdded = "group_member_added",
    GroupMemberRemoved = "group_member_removed",
    ProviderAdded = "provider_added",
    ProviderChanged = "provider_changed",
    ProviderDisabled = "provider_disabled",
    ProviderEnabled = "provider_enabled",
    ProviderRemoved = "provider_removed",
    /// Somebody may sign in with a provider from now on, or no longer.
    ProviderLinked = "provider_linked",
    ProviderUnlinked = "provider_unlinked",
    /// Somebody allowed a client what it asked for.
    ConsentGranted = "consent_granted",
    /// Somebody did not allow a client what it asked for.
    ConsentDenied = "consent_denied",
    ConsentRevoked = "consent_revoked",
    /// A client was given an authorization code.
    ClientAuthorized = "client_authorized",
    /// A code was redeemed twice; what it had given was taken back.
    AuthorizationCodeReplayed = "authorization_code_replayed",
    /// Two parties hold a refresh token of one grant; it was ended.
    ClientTokenReused = "client_token_reused",
    /// A grant ended otherwise than with its session; the detail has the reason.
    GrantRevoked = "grant_revoked",
    /// A mail was refused by the relay, or could not be sent in its time; the detail says which and why.
    MailGivenUp = "mail_given_up",
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
    pub actor: Option<AuditParty>,
    /// Whose account it is about.
    pub subject: Option<AuditParty>,
    pub session_id: Option<String>,
    pub ip: String,
    pub device: String,
    pub request_id: String,
    pub detail: BTreeMap<String, String>,
}

/// An account in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditParty {
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
