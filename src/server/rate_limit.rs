//! How often a password may be tried, and how often what costs disk may be done.
//!
//! Every way in counts against the network that it comes from. A password counts against its account besides, by the
//! address in its canonical form. A browser that has been signed in to the account before is a known device and has a
//! counter of its own: attempts from elsewhere never lock it out (GHSA-cq42-vhv7-xr7p).

pub mod counters;
pub mod device_cookies;

use std::time::Duration;

use super::{client_info::ActionContext, clock::Clock, error::Error};
use crate::model::id::UserId;
use counters::{Counters, Rate};

/// For an address, and for a known device of it: ten at once, then one every minute.
const PER_ACCOUNT: Rate = Rate { burst: 10, every: Duration::from_secs(60) };
/// For a network, which may be a whole office: sixty at once, then one every two seconds.
const PER_NETWORK: Rate = Rate { burst: 60, every: Duration::from_secs(2) };
/// Authorization requests of a network that must be stored, because somebody has to be asked: 300 at once, then one every
/// second. Each is a row, for ten minutes.
const AUTHORIZATIONS: Rate = Rate { burst: 300, every: Duration::from_secs(1) };
/// Codes of one person: 300 at once, then one every two seconds.
const CODES: Rate = Rate { burst: 300, every: Duration::from_secs(2) };
/// Changes of one person that nobody else would notice: a hundred at once, then one every ten seconds. Each is a row in the
/// audit log, for ever: whoever can sign in must not be able to fill the disk.
const CHANGES: Rate = Rate { burst: 100, every: Duration::from_secs(10) };
/// Refusals of one person that are written to the audit log.
const DENIALS: Rate = Rate { burst: 100, every: Duration::from_secs(60) };

/// Counts attempts, in this node's memory.
#[derive(Debug)]
pub struct RateLimiter {
    clock: Clock,
    /// Whether attempts to sign in are limited. What protects the disk always is.
    limited: bool,
    accounts: Counters,
    networks: Counters,
    authorizations: Counters,
    codes: Counters,
    user_codes: Counters,
    changes: Counters,
    denials: Counters,
}

impl RateLimiter {
    pub fn new(limited: bool, clock: Clock) -> Self {
        Self {
            clock,
            limited,
            accounts: Counters::new(PER_ACCOUNT),
            networks: Counters::new(PER_NETWORK),
            authorizations: Counters::new(AUTHORIZATIONS),
            codes: Counters::new(CODES),
            user_codes: Counters::new(PER_ACCOUNT),
            changes: Counters::new(CHANGES),
            denials: Counters::new(DENIALS),
        }
    }

    /// Counts an attempt at the password of an account, asked before any work is done. `device_id` names a browser that
    /// has been signed in to that very account.
    pub fn check_password(
        &self,
        context: ActionContext<'_>,
        email: &str,
        device_id: Option<&str>,
    ) -> Result<(), Error> {
        self.check_network(context)?;
        if self.limited {
            self.accounts.count((email, device_id), self.clock.elapsed()).map_err(too_many)?;
        }
        Ok(())
    }

    /// Counts an attempt that names no account which could be protected: signing up, or using a link.
    pub fn check_network(&self, context: ActionContext<'_>) -> Result<(), Error> {
        match context.client.network().filter(|_| self.limited) {
            Some(network) => self.networks.count(network, self.clock.elapsed()).map_err(too_many),
            None => Ok(()),
        }
    }

    /// Counts an authorization request that is stored. This protects the disk, so it is always limited.
    pub fn check_authorization(&self, context: ActionContext<'_>) -> Result<(), Error> {
        match context.client.network() {
            Some(network) => self.authorizations.count(network, self.clock.elapsed()).map_err(too_many),
            None => Ok(()),
        }
    }

    /// Counts an attempt of somebody at the code of a device. It is short, so this is always limited by the account.
    pub fn check_user_code(&self, context: ActionContext<'_>, user: &UserId) -> Result<(), Error> {
        self.check_network(context)?;
        self.user_codes.count(user.as_str(), self.clock.elapsed()).map_err(too_many)
    }

    /// Counts a code that is issued to somebody. Each is a few rows, one of them in the audit log.
    pub fn check_code(&self, user: &UserId) -> Result<(), Error> {
        if self.limited {
            self.codes.count(user.as_str(), self.clock.elapsed()).map_err(too_many)?;
        }
        Ok(())
    }

    /// Counts a change by somebody that needs nothing but being signed in.
    pub fn check_change(&self, user: &UserId) -> Result<(), Error> {
        self.changes.count(user.as_str(), self.clock.elapsed()).map_err(too_many)
    }

    /// Whether one more refusal of this person is to be recorded.
    pub fn records_denial(&self, user: &UserId) -> bool {
        self.denials.count(user.as_str(), self.clock.elapsed()).is_ok()
    }
}

fn too_many(wait: Duration) -> Error {
    Error::TooManyAttempts { seconds: wait.as_secs().max(1) }
}
