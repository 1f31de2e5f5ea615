//! The requests whose answers set or clear the session cookie.

use SessionMove::{Delete, Refresh, Renew, SignOut, Start};

/// How a request moves the session of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionMove {
    /// Starts a session, whatever the browser held before.
    Start,
    /// Exchanges the cookie for an access token.
    Refresh,
    /// Goes on with another access token and another cookie.
    Renew,
    /// Ends the session.
    SignOut,
    /// Ends the session with its account.
    Delete,
}

/// Path of the server function that refreshes.
pub const REFRESH: &str = "/api/auth/refresh";
/// Path of the server function that signs out.
pub const SIGN_OUT: &str = "/api/auth/logout";
/// Path of the server function that changes the password.
pub const CHANGE_PASSWORD: &str = "/api/account/change_password";
/// Path of the server function that signs in.
pub const SIGN_IN: &str = "/api/auth/login";
/// Path of the server function that says whose account it is.
pub const PROFILE: &str = "/api/account/me";

/// All of them. The transport stands below the server functions and cannot name them; a test compares the two.
pub const MOVES: &[(&str, SessionMove)] = &[
    (REFRESH, Refresh),
    (SIGN_IN, Start),
    ("/api/auth/second_factor", Start),
    ("/api/auth/passkey", Start),
    ("/api/auth/sign_in_with_link", Start),
    ("/api/auth/register", Start),
    ("/api/auth/setup", Start),
    ("/api/auth/accept_invitation", Start),
    ("/api/auth/finish_registration", Start),
    ("/api/auth/reauthenticate", Renew),
    ("/api/auth/reauthenticate_with_passkey", Renew),
    (CHANGE_PASSWORD, Renew),
    ("/api/account/totp_confirm", Renew),
    (SIGN_OUT, SignOut),
    ("/api/account/delete", Delete),
];

impl SessionMove {
    /// What a request to this path does, if it moves the session.
    pub fn of(path: &str) -> Option<Self> {
        MOVES.iter().find(|(moving, _)| *moving == path).map(|(_, how)| *how)
    }

    /// Whether the server asks for an access token.
    pub fn needs_token(self) -> bool {
        matches!(self, Renew | Delete)
    }
}
