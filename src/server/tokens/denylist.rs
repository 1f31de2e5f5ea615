//! Access tokens that are refused before they expire: those of ended sessions, and those that say what is no longer
//! so of an account. In memory, as large as what was ended within one token's lifetime, and stored so that a restart
//! keeps it.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use super::{
    client_access::VerifiedClientToken,
    verify::{TokenError, VerifiedToken},
};
use crate::{
    model::id::{SessionId, UserId},
    server::{
        clock::Timestamp,
        store::{
            Store, StoreError,
            invalidations::{self, Invalidation},
        },
    },
};

#[derive(Debug, Default)]
pub struct Denylist(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// Ended session, client session or grant → when its last token has expired.
    sessions: HashMap<SessionId, Timestamp>,
    /// Account → the oldest epoch whose tokens are current, and when the last older one has expired.
    users: HashMap<UserId, (u64, Timestamp)>,
    /// The live entries after the last clean-up: at twice as many the next is due.
    swept_to: usize,
}

impl Denylist {
    /// Reads what is stored.
    pub async fn load(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let denylist = Self::default();
        let mut reader = store.read().await?;
        for record in invalidations::live_since(&mut reader, 0, now).await? {
            denylist.add(record.invalidation, record.expires_at, now);
        }
        Ok(denylist)
    }

    pub fn add(&self, invalidation: Invalidation, expires_at: Timestamp, now: Timestamp) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match invalidation {
            Invalidation::SessionRevoked(id) => {
                let until = entries.sessions.entry(id).or_insert(expires_at);
                *until = (*until).max(expires_at);
            }
            Invalidation::AccountChanged { user, epoch } => {
                let entry = entries.users.entry(user).or_insert((epoch, expires_at));
                *entry = (entry.0.max(epoch), entry.1.max(expires_at));
            }
            // Keys are the key set's.
            Invalidation::KeysChanged => {}
        }
        entries.sweep_if_due(now);
    }

    /// Whether the access tokens of this session are refused.
    pub fn has(&self, session: &SessionId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).sessions.contains_key(session)
    }

    /// Whether the token may still be used.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), TokenError> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if entries.sessions.contains_key(&token.session) {
            return Err(TokenError::Revoked);
        }
        match entries.users.get(&token.user) {
            Some((epoch, _)) if token.id.epoch < *epoch => Err(TokenError::Stale),
            _ => Ok(()),
        }
    }
}

impl Denylist {
    /// The same for a token of a client, which ends with its client session or its grant.
    pub fn check_client(&self, token: &VerifiedClientToken) -> Result<(), TokenError> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ended = |id: &str| entries.sessions.contains_key(id);
        if ended(token.id.grant.as_str()) || token.session.as_ref().is_some_and(|sid| ended(sid.as_str())) {
            return Err(TokenError::Revoked);
        }
        match token.user.as_ref().and_then(|user| entries.users.get(user)) {
            Some((epoch, _)) if token.id.epoch < *epoch => Err(TokenError::Stale),
            _ => Ok(()),
        }
    }
}

impl Entries {
    const FEW: usize = 1024;

    /// Forgets entries whose tokens have all expired, at a cost that is constant for each entry.
    fn sweep_if_due(&mut self, now: Timestamp) {
        if self.sessions.len() + self.users.len() < 2 * self.swept_to.max(Self::FEW) {
            return;
        }
        self.sessions.retain(|_, expires_at| now < *expires_at);
        self.users.retain(|_, (_, expires_at)| now < *expires_at);
        self.swept_to = self.sessions.len() + self.users.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::role::Roles, server::tokens::claims::TokenId};

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn session(n: usize) -> SessionId {
        SessionId::parse(&format!("019a0000-0000-7000-8000-{n:012x}")).unwrap()
    }

    fn token(session: SessionId, epoch: u64) -> VerifiedToken {
        VerifiedToken {
            user: UserId::parse("019a0000-0000-7000-8000-00000000dcba").unwrap(),
            session,
            kid: String::new(),
            id: TokenId { nonce: [0; 16], generation: 0, epoch },
            roles: Roles::default(),
            authenticated_at: NOW,
            level: crate::model::level::Level::SingleFactor,
            expires_at: NOW,
        }
    }

    #[test]
    fn a_revoked_session_is_denied_and_no_other() {
        let denylist = Denylist::default();
        denylist.add(Invalidation::SessionRevoked(session(1)), Timestamp::from_seconds(1_000_900), NOW);
        assert_eq!(denylist.check(&token(session(1), 0)), Err(TokenError::Revoked));
        assert_eq!(denylist.check(&token(session(2), 0)), Ok(()));
    }

    #[test]
    fn a_token_of_an_older_epoch_is_stale_whatever_the_clock_says() {
        let denylist = Denylist::default();
        let user = token(session(1), 0).user;
        denylist.add(Invalidation::AccountChanged { user: user.clone(), epoch: 2 }, NOW, NOW);
        denylist.add(Invalidation::AccountChanged { user, epoch: 1 }, NOW, NOW);
        assert_eq!(denylist.check(&token(session(1), 1)), Err(TokenError::Stale));
        assert_eq!(denylist.check(&token(session(1), 2)), Ok(()));
    }

    #[test]
    fn the_denylist_holds_only_live_entries() {
        let denylist = Denylist::default();
        for n in 0..100_000_u32 {
            let now = NOW + std::time::Duration::from_secs(u64::from(n));
            denylist.add(
                Invalidation::SessionRevoked(session(n as usize)),
                now + std::time::Duration::from_secs(900),
                now,
            );
        }
        let held = denylist.0.read().unwrap().sessions.len();
        assert!(held <= 2 * Entries::FEW.max(900), "{held}");
    }
}
