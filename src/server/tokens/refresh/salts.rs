//! The salts of sessions that were in use a while ago. A salt never changes, so whether a token is ours can be told without
//! reading its session first: whoever sends forged ones keeps nobody from writing.

use std::{fmt, sync::Arc};

use quick_cache::sync::Cache;

use super::token::{RefreshKeys, RefreshToken};
use crate::{model::id::SessionId, server::crypto::error::SealError};

/// Sessions, of about 100 bytes each.
const REMEMBERED: usize = 50_000;

pub struct Salts(Cache<SessionId, Arc<[u8]>>);

impl Default for Salts {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salts")
    }
}

impl Salts {
    /// A session that goes on is remembered.
    pub fn remember(&self, session: &SessionId, salt: &[u8]) {
        if self.0.get(session).is_none() {
            self.0.insert(session.clone(), salt.into());
        }
    }

    /// One that has ended is forgotten: whoever presents its token again must not lock anything.
    pub fn forget(&self, session: &SessionId) {
        self.0.remove(session);
    }

    /// Whether a token is ours. Nothing: its session is not remembered.
    pub fn is_authentic(&self, token: &RefreshToken, keys: &RefreshKeys) -> Option<Result<bool, SealError>> {
        self.0.get(&token.session).map(|salt| keys.is_authentic(token, &salt))
    }
}
