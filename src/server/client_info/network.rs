//! The network that a client is in: what limits count by where there is no account to count by.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// An address for IPv4, a /64 for IPv6: whoever has one address there has all of them (GHSA-p6v2-xcpg-h6xw).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many places each network holds of something that there is not enough of for everybody.
#[derive(Debug)]
pub struct NetworkShares {
    share: usize,
    held: Mutex<HashMap<Network, usize>>,
}

impl NetworkShares {
    /// Each network may hold `share` places at once.
    pub fn new(share: usize) -> Arc<Self> {
        Arc::new(Self { share, held: Mutex::default() })
    }

    /// A place for somebody in this network, unless others there hold its whole share.
    pub fn take(self: &Arc<Self>, network: Network) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(network).or_default();
        if *count >= self.share {
            return None;
        }
        *count += 1;
        Some(Place { shares: self.clone(), network })
    }
}

/// A place that is held until it is dropped.
#[derive(Debug)]
pub struct Place {
    shares: Arc<NetworkShares>,
    network: Network,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.shares.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ip: &str) -> Network {
        Network::of(ip.parse().unwrap())
    }

    #[test]
    fn one_ipv6_network_is_one_counter() {
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
    }

    #[test]
    fn a_network_has_its_share_and_nothing_is_remembered_of_places_that_were_left() {
        let shares = NetworkShares::new(2);
        let places: Vec<_> = (0..3).map(|_| shares.take(of("203.0.113.7"))).collect();
        assert_eq!(places.iter().filter(|place| place.is_some()).count(), 2);
        assert!(shares.take(of("203.0.113.8")).is_some());
        drop(places);
        assert!(shares.held.lock().unwrap().is_empty());
        assert!(shares.take(of("203.0.113.7")).is_some());
    }
}
