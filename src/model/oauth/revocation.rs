//! Why a client's session or grant has ended.

use super::client_kind::words;

words! {
    /// As the log and the person are told.
    RevocationReason {
        /// The session that it hung on has ended.
        SessionEnded = "session_ended",
        /// Of an offline grant: the account was closed or its password changed.
        AccountChanged = "account_changed",
        /// The person has taken back what they had allowed.
        ConsentRevoked = "consent_revoked",
        /// The person is no longer in a group that the client is for.
        AccessRemoved = "access_removed",
        ClientDisabled = "client_disabled",
        ClientRemoved = "client_removed",
        /// A code was redeemed twice.
        CodeReplayed = "code_replayed",
        /// Two parties hold a refresh token.
        TokenReused = "token_reused",
        /// The client gave it back (RFC 7009).
        RevokedByClient = "revoked_by_client",
    }
}
