//! Calls that the program makes to others: to addresses that an administrator has registered, and to nothing inside the
//! network that an address merely leads to (keycloak CVE-2026-1180, mitreid CVE-2021-26715).
//!
//! A name is resolved here, each address is checked, and the connection is made to what was checked. There are no redirects
//! and no proxy. An address that is written as a number was registered as such, so it is meant.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::http::{StatusCode, header::CONTENT_TYPE};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use url::{Host, Url};

use super::config::is_loopback;

/// How long a call may take, from the name to the answer.
const LIMIT: Duration = Duration::from_secs(5);
const LOCALHOST: &str = "localhost";

/// Why a call came to nothing. It never says where it went: the address may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the address is neither https nor http on this machine")]
    Address,
    #[error("{0}")]
    Call(#[source] reqwest::Error),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Call(error.without_url())
    }
}

/// Calls others; cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher(Client);

impl Fetcher {
    pub fn new() -> Result<Self, FetchError> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(LIMIT)
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Guarded))
            .build()?;
        Ok(Self(client))
    }

    /// Posts a form. Only the status of the answer is read, so it may be of any length.
    pub async fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Result<StatusCode, FetchError> {
        let url = Url::parse(address).map_err(|_| FetchError::Address)?;
        // `https://2130706433/` is 127.0.0.1, and nobody who reads it sees that.
        if let Some(Host::Ipv4(ip)) = url.host()
            && !address.contains(&format!("://{ip}"))
        {
            return Err(FetchError::Address);
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(FetchError::Address);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.0.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        Ok(request.send().await?.status())
    }
}

/// Resolves names to addresses that may be called.
struct Guarded;

/// Why a name leads nowhere.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to an address inside the network, or to none")
    }
}

impl std::error::Error for Refused {}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|found| may_be_called(name.as_str(), found.ip())).collect();
            if allowed.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether a name may lead to an address: `localhost` to this machine, every other one to what is not special.
fn may_be_called(name: &str, ip: IpAddr) -> bool {
    if name == LOCALHOST { ip.to_canonical().is_loopback() } else { is_public(ip) }
}

/// Whether everybody can reach an address (the registries of IANA for special-purpose addresses).
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match a {
        0 | 10 | 127 => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => a >= 224,
    };
    !special
}

/// Of the addresses that are given out (`2000::/3`) those that lead to no other network: neither tunnels, which hold an
/// address of version 4, nor documentation.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let given_out = a & 0xe000 == 0x2000;
    let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    given_out && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_address_inside_the_network() {
        for ip in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.66.1", "2606:4700::1", "::ffff:8.8.8.8"] {
            assert!(may_be_called("app.example.org", ip.parse().unwrap()), "{ip}");
            assert!(!may_be_called(LOCALHOST, ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!may_be_called("app.example.org", ip.parse().unwrap()), "{ip}");
        }
        assert!(may_be_called(LOCALHOST, "127.0.0.1".parse().unwrap()));
        assert!(may_be_called(LOCALHOST, "::1".parse().unwrap()));
    }

    #[tokio::test]
    async fn http_is_for_this_machine_alone() {
        let fetcher = Fetcher::new().unwrap();
        for address in
            ["http://app.example.org/", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://2130706433/", ""]
        {
            let refused = fetcher.post_form(address, &[]).await;
            assert!(matches!(refused, Err(FetchError::Address)), "{address}");
        }
    }

    #[tokio::test]
    async fn an_error_does_not_say_where_a_call_went() {
        // Nobody listens at the port of nothing.
        let error = Fetcher::new().unwrap().post_form("http://127.0.0.1:1/secret", &[]).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}
