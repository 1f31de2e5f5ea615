//! What a browser gets when a session was started or refreshed.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use crate::{
    model::session::{SignedIn, TokenResponse, TokenType},
    server::{
        clock::Timestamp,
        error::Error,
        state::AppState,
        store::{sessions::SessionRecord, users::User},
        tokens::access::MintedToken,
    },
};

/// A session that was just started or refreshed.
#[derive(Debug)]
pub struct Issued {
    pub response: TokenResponse,
    /// Nothing where the browser keeps what it holds.
    pub cookie: Option<SessionCookie>,
}

/// A refresh token on its way to the browser.
pub struct SessionCookie {
    pub token: Zeroizing<String>,
    pub max_age: Duration,
}

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionCookie({:?})", self.max_age)
    }
}

/// Pairs the access token with the session's refresh token, once both are stored.
pub fn issue(
    state: &AppState,
    now: Timestamp,
    session: &SessionRecord,
    user: &User,
    minted: MintedToken,
) -> Result<Issued, Error> {
    state.salts.remember(&session.id, &session.salt);
    let token = state.refresh_keys.token(&session.id, session.generation, &session.salt)?;
    let response = TokenResponse {
        status: SignedIn::SignedIn,
        access_token: minted.token,
        token_type: TokenType::Bearer,
        expires_in: (minted.expires_at - now).as_secs(),
        session_id: session.id.clone(),
        user: user.session_user(),
        restricted: state.config.second_factor.for_session(session.methods.level()),
    };
    // Longer than an unused session lasts: a browser that comes back late is told why it must sign in.
    let max_age = session.absolute_expires_at - now;
    Ok(Issued { response, cookie: Some(SessionCookie { token, max_age }) })
}
