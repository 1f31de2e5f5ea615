//! Grants: what they stand on, and how requests about many of them share one commit.

pub mod issue;
pub mod issuing;
pub mod narrowing;
pub mod redeem;
pub mod refresh;
pub mod rules;
pub mod together;

use std::{fmt, sync::Arc, time::Duration};

use super::{
    clock::Timestamp,
    config::Config,
    crypto::entropy::Entropy,
    rate_limit::RateLimiter,
    store::{Store, clients::Client, grants::GrantRecord, users::User},
    tokens::{authorization_code::Codes, refresh::token::RefreshKeys},
};
use crate::model::oauth::{resource::Resources, scope::Scopes};
use issue::Issuing;
use redeem::Redeeming;
use refresh::Refreshing;
use together::Together;

/// What a grant gives, as it stands now.
#[derive(Debug)]
pub struct Granted {
    pub grant: GrantRecord,
    pub user: User,
    /// The names of the groups that the person is in.
    pub groups: Vec<String>,
    /// What the access token is for: all of the grant, or less.
    pub scopes: Scopes,
    pub resources: Resources,
    /// Of the authorization request; not at a refresh (OpenID Connect Core §12.2).
    pub nonce: Option<String>,
    /// When the access token expires.
    pub expires_at: Timestamp,
}

/// The requests that share a commit with others of their kind. What is not plain leaves the group: who asked is answered
/// nothing, and goes alone.
pub struct Grants {
    pub issued: Together<Issuing>,
    pub redeemed: Together<Redeeming>,
    pub refreshed: Together<Refreshing>,
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Grants")
    }
}

impl Grants {
    /// Must be called within the async runtime: it starts the tasks that write.
    pub fn start(
        store: &Store,
        config: &Config,
        keys: &RefreshKeys,
        codes: &Codes,
        entropy: &Entropy,
        rate_limiter: &Arc<RateLimiter>,
    ) -> Self {
        let access_ttl = config.tokens.client_access_ttl;
        let issuing = Issuing {
            entropy: entropy.clone(),
            codes: codes.clone(),
            sessions: config.sessions,
            second_factor: config.second_factor,
            rate_limiter: rate_limiter.clone(),
        };
        let refreshing = Refreshing { keys: keys.clone(), sessions: config.sessions, access_ttl };
        Self {
            issued: Together::start(store, issuing),
            redeemed: Together::start(store, Redeeming { access_ttl }),
            refreshed: Together::start(store, refreshing),
        }
    }
}

/// When an access token expires that is made now: `access_ttl` later, or as long as the client has it.
pub fn access_token_expiry(access_ttl: Duration, client: &Client, now: Timestamp) -> Timestamp {
    now + client.access_ttl.unwrap_or(access_ttl)
}
