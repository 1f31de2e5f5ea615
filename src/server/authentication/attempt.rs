//! Somebody who has taken the first step of signing in and not the second. Nothing of it is stored: the browser carries it,
//! sealed, and it is good for the second step alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ceremony::Purpose, evidence::Evidence};
use crate::{
    model::{id::UserId, methods::Methods, second_factor::SecondFactor},
    server::{
        clock::Timestamp,
        error::Error,
        state::AppState,
        store::{StoreError, Tx, spent, upstream_sessions::UpstreamSession, users::User},
    },
};

/// How long the first step counts.
pub const LIFETIME: Duration = Duration::from_secs(600);
const PURPOSE: &str = "sign-in attempt";

/// A first step that was right.
#[derive(Debug)]
pub struct Attempt {
    id: String,
    pub user: UserId,
    /// Of the account at the first step. A change of what it is signed in to with makes the attempt void.
    credential_epoch: u64,
    pub evidence: Evidence,
    /// Where they came from, if they came from a provider.
    pub upstream: Option<UpstreamSession>,
    expires_at: Timestamp,
}

/// An attempt on its way to the browser.
#[derive(Debug)]
pub struct AttemptMade {
    pub cookie: String,
    /// What the second step can be done with.
    pub methods: Vec<SecondFactor>,
}

/// As it is sealed. Times are milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Sealed {
    id: String,
    user: UserId,
    epoch: u64,
    methods: String,
    verified_at: i64,
    upstream: Option<UpstreamSession>,
    expires_at: i64,
}

impl Attempt {
    pub fn begin(
        state: &AppState,
        now: Timestamp,
        user: &User,
        evidence: Evidence,
        upstream: Option<UpstreamSession>,
    ) -> Result<Self, Error> {
        Ok(Self {
            id: state.entropy.uuid(now)?,
            user: user.id.clone(),
            credential_epoch: user.credential_epoch,
            evidence,
            upstream,
            expires_at: now + LIFETIME,
        })
    }

    /// The value of the cookie.
    pub fn seal(&self, state: &AppState) -> Result<String, Error> {
        let sealed = Sealed {
            id: self.id.clone(),
            user: self.user.clone(),
            epoch: self.credential_epoch,
            methods: self.evidence.methods().to_string(),
            verified_at: self.evidence.verified_at().millis(),
            upstream: self.upstream.clone(),
            expires_at: self.expires_at.millis(),
        };
        let plain = serde_json::to_vec(&sealed).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(state.attempts.seal(PURPOSE, &plain, &state.entropy)?)
    }

    /// Reads what the browser has sent, if it was sealed here and is not over.
    pub fn open(state: &AppState, now: Timestamp, cookie: &str) -> Option<Self> {
        let plain = state.attempts.open(PURPOSE, cookie).ok()?;
        let sealed: Sealed = serde_json::from_slice(&plain).ok()?;
        let verified_at = Timestamp::from_millis(sealed.verified_at);
        let attempt = Self {
            id: sealed.id,
            user: sealed.user,
            credential_epoch: sealed.epoch,
            evidence: Evidence::restored(Methods::parse(&sealed.methods).ok()?, verified_at),
            upstream: sealed.upstream,
            expires_at: Timestamp::from_millis(sealed.expires_at),
        };
        (now < attempt.expires_at).then_some(attempt)
    }

    /// What a passkey is asked for that takes the second step of it.
    pub fn passkey_purpose(&self) -> Purpose {
        Purpose::SecondStep(self.id.clone())
    }

    /// Whether it is still about this account as it is now.
    pub fn is_about(&self, user: &User) -> bool {
        self.user == user.id && self.credential_epoch == user.credential_epoch && user.is_enabled()
    }

    /// Uses it up, on every node. `false`: it was used before.
    pub async fn use_up(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        spent::use_up(tx, &self.id, self.expires_at).await
    }
}
