//! Sessions: signing in starts one, a rotating refresh token keeps it, and it ends when somebody means it to.
//!
//! A session is one row, a *family* of refresh tokens of which only the newest generation counts. [`decide`] holds
//! the rules as one pure function; [`refresh`], [`page`] and [`end`] carry out what it decides, each in one
//! transaction.

pub mod confirm;
pub mod cookie;
mod decide;
pub mod device;
pub mod end;
pub mod own;
pub mod page;
pub mod reauthenticate;
pub mod refresh;
pub mod refresh_token;
pub mod start;

pub use decide::{Decision, Reissue, decide};

use super::{
    clock::Timestamp,
    error::Error,
    state::State,
    store::{sessions::SessionRecord, users::User},
    tokens::claims::{CLIENT_ID, Claims, TokenId},
};
use crate::model::session::{Session, TokenType};

/// A session that was just started or refreshed: what the browser gets.
#[derive(Debug)]
pub struct Issued {
    pub session: Session,
    pub cookie: cookie::SessionCookie,
}

/// An access token that was just signed, and what its session remembers of it.
struct Minted {
    token: String,
    kid: String,
    expires_at: Timestamp,
}

impl SessionRecord {
    /// Remembers which access token is the newest.
    fn holds(&mut self, minted: &Minted) {
        self.token_kid.clone_from(&minted.kid);
        self.token_expires_at = minted.expires_at;
    }
}

impl State {
    /// Signs an access token for the session as it stands.
    fn mint(&self, now: Timestamp, record: &SessionRecord, user: &User) -> Result<Minted, Error> {
        // An access token does not outlive its session.
        let ttl = self.config.tokens.access_ttl.min(record.absolute_expires_at - now);
        let expires_at = now + ttl;
        let claims = Claims {
            iss: self.config.tokens.issuer.clone(),
            aud: self.config.tokens.audience.clone(),
            sub: user.id.clone(),
            client_id: CLIENT_ID.to_owned(),
            iat: now.seconds(),
            auth_time: record.authenticated_at.seconds(),
            exp: expires_at.seconds(),
            nbf: None,
            jti: TokenId {
                nonce: self.entropy.bytes()?,
                generation: record.generation,
                epoch: user.token_epoch,
            },
            sid: record.id.clone(),
            roles: user.roles,
        };
        let key = self.keys.active(now)?;
        Ok(Minted { token: key.sign(&claims, &self.entropy)?, kid: key.kid.clone(), expires_at })
    }

    /// Pairs the access token with the session's refresh token, once both are stored.
    fn issue(
        &self,
        now: Timestamp,
        record: &SessionRecord,
        user: &User,
        minted: Minted,
    ) -> Result<Issued, Error> {
        let token = self.refresh_keys.token(&record.id, record.generation, &record.salt)?;
        // Longer than an unused session lasts: a browser that comes back late is told why it must sign in.
        let lasts = record.absolute_expires_at - now;
        let expires_in = (minted.expires_at - now).as_secs();
        Ok(Issued {
            session: Session {
                access_token: minted.token,
                token_type: TokenType::Bearer,
                expires_in,
                user: user.session_user(),
            },
            cookie: cookie::SessionCookie { token, max_age: lasts },
        })
    }
}
