//! How often a password may be tried.
//!
//! One counter for an address in its canonical form, one for a network. A browser that has been signed in to the account before is a known
//! device and has a counter of its own: attempts from elsewhere never lock it out (GHSA-cq42-vhv7-xr7p).

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::DashMapStateStore,
};

use crate::server::{
    clock::{Clock, Timestamp},
    error::Error,
    origin::Context,
};

/// For an address, and for a known device of it: ten at once, then one every minute.
const PER_ACCOUNT: (u32, Duration) = (10, Duration::from_secs(60));
/// For a network, which may be a whole office: sixty at once, then one every two seconds.
const PER_NETWORK: (u32, Duration) = (60, Duration::from_secs(2));
/// Counters that are remembered before those that are full again are dropped.
const SWEEP_AT: usize = 10_000;

/// The program's clock, as the limiter reads it.
#[derive(Clone, Debug)]
struct LimiterClock(Clock);

impl GovernorClock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_millis(u64::try_from(self.0.now().millis()).unwrap_or(0)))
    }
}

type Limiter = RateLimiter<String, DashMapStateStore<String>, LimiterClock, NoOpMiddleware<Nanos>>;

/// Counts attempts, in this node's memory.
pub struct Attempts {
    limiters: Option<(Limiter, Limiter)>,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attempts(limited: {})", self.limiters.is_some())
    }
}

impl Attempts {
    pub fn new(limited: bool, clock: Clock) -> Self {
        let limiter = |(burst, every): (u32, Duration)| {
            let quota = Quota::with_period(every)?.allow_burst(NonZeroU32::new(burst)?);
            Some(RateLimiter::new(quota, DashMapStateStore::default(), LimiterClock(clock.clone())))
        };
        let limiters = limited.then(|| Some((limiter(PER_ACCOUNT)?, limiter(PER_NETWORK)?))).flatten();
        Self { limiters }
    }

    /// Counts an attempt at an account, asked before any work is done. `known_device` names a browser that
    /// has been signed in to that very account.
    pub fn allow(&self, context: Context<'_>, email: &str, known_device: Option<&str>) -> Result<(), Error> {
        let Some((accounts, networks)) = &self.limiters else { return Ok(()) };
        if let Some(device) = known_device {
            return check(accounts, format!("{email} {device}"), context.now);
        }
        if let Some(network) = context.origin.ip.parse().ok().map(network) {
            check(networks, network, context.now)?;
        }
        check(accounts, email.to_owned(), context.now)
    }
}

fn check(limiter: &Limiter, key: String, now: Timestamp) -> Result<(), Error> {
    if limiter.len() > SWEEP_AT {
        limiter.retain_recent();
    }
    limiter.check_key(&key).map_err(|not_until| {
        let now = Nanos::from(Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0)));
        let wait: Duration = not_until.earliest_possible().duration_since(now).into();
        Error::TooManyAttempts { seconds: wait.as_secs().max(1) }
    })
}

/// An address for IPv4, a /64 for IPv6: whoever has one address there has all of them (GHSA-p6v2-xcpg-h6xw).
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_network_is_one_counter() {
        let of = |ip: &str| network(ip.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
    }
}
