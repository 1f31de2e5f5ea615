//! Calls that the program makes to others: to addresses that an administrator has registered, and to nothing inside the
//! network that an address merely leads to (keycloak CVE-2026-1180, mitreid CVE-2021-26715).
//!
//! A name is resolved here, each address is checked, and the connection is made to what was checked. There are no redirects
//! and no proxy, and what is read has an end. An address of an app that is written as a number was registered as such, so it
//! is meant. An address of a provider may come from the provider itself, so there a number counts as what it is.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::http::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use reqwest::{
    Client, RequestBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use url::{Host, Url};

use super::config::is_loopback;

/// How long a call may take, from the name to the end of the answer.
const LIMIT: Duration = Duration::from_secs(5);
/// Longest answer that is read, in bytes. A key set with certificates has some tens of thousands.
const MAX_ANSWER: usize = 256 * 1024;
const LOCALHOST: &str = "localhost";
/// Some refuse whoever does not say what they are.
const USER_AGENT: &str = "Latchkey";

/// Why a call came to nothing. It never says where it went: the address may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the address is neither https nor http on this machine")]
    Address,
    #[error("{0}")]
    Call(#[source] reqwest::Error),
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
}

/// What a call may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// What everybody can reach, over TLS.
    Public,
    /// What is inside the network too: an administrator has said so. Plain http on this machine.
    Private,
    /// An address of an app that an administrator has registered. Written as a number it is meant; a name leads to nothing
    /// inside the network.
    Registered,
}

/// What somebody has answered.
#[derive(Debug)]
pub struct Fetched {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// How a client proves who it is.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    None,
    /// Name and password (RFC 7617).
    Basic(&'a str, &'a str),
    Bearer(&'a str),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Call(error.without_url())
    }
}

/// Calls others.
#[derive(Debug)]
pub struct Fetcher {
    guarded: Client,
    anywhere: Client,
}

impl Fetcher {
    pub fn new() -> Result<Self, FetchError> {
        let client = || {
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .timeout(LIMIT)
                .pool_max_idle_per_host(0)
                .user_agent(USER_AGENT)
        };
        Ok(Self { guarded: client().dns_resolver(Arc::new(Guarded)).build()?, anywhere: client().build()? })
    }

    /// Gets a document.
    pub async fn get(
        &self,
        address: &str,
        reach: Reach,
        credential: Credential<'_>,
    ) -> Result<Fetched, FetchError> {
        let request = self.client(reach).get(target(address, reach)?);
        read(request, credential).await
    }

    /// Posts a form to a provider, and reads the answer.
    pub async fn post(
        &self,
        address: &str,
        reach: Reach,
        credential: Credential<'_>,
        fields: &[(&str, &str)],
    ) -> Result<Fetched, FetchError> {
        let request = self.client(reach).post(target(address, reach)?);
        read(with_form(request, fields), credential).await
    }

    fn client(&self, reach: Reach) -> &Client {
        match reach {
            Reach::Public | Reach::Registered => &self.guarded,
            Reach::Private => &self.anywhere,
        }
    }

    /// Posts a form. Only the status of the answer is read, so it may be of any length.
    pub async fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Result<StatusCode, FetchError> {
        let request = with_form(self.guarded.post(parse(address)?), fields);
        Ok(request.send().await?.status())
    }
}

/// An address of https, or of http on this machine.
fn parse(address: &str) -> Result<Url, FetchError> {
    let url = Url::parse(address).map_err(|_| FetchError::Address)?;
    // `https://2130706433/` is 127.0.0.1, and nobody who reads it sees that.
    let begins_with = |ip: String| address.split_once("://").is_some_and(|(_, rest)| rest.starts_with(&ip));
    if let Some(Host::Ipv4(ip)) = url.host()
        && !begins_with(ip.to_string())
    {
        return Err(FetchError::Address);
    }
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        Ok(url)
    } else {
        Err(FetchError::Address)
    }
}

/// An address of a provider that may be called. A number is checked here, a name when it is resolved.
pub fn target(address: &str, reach: Reach) -> Result<Url, FetchError> {
    let url = parse(address)?;
    let is_inside = match url.host() {
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        _ => is_loopback(&url),
    };
    if reach == Reach::Public && (is_inside || url.scheme() != "https") {
        return Err(FetchError::Address);
    }
    Ok(url)
}

fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// Sends a request and reads the answer, which is given up where it gets too long.
async fn read(request: RequestBuilder, credential: Credential<'_>) -> Result<Fetched, FetchError> {
    let request = request.header(ACCEPT, "application/json");
    let request = match credential {
        Credential::None => request,
        Credential::Basic(name, password) => request.basic_auth(name, Some(password)),
        Credential::Bearer(token) => request.bearer_auth(token),
    };
    let mut response = request.send().await?;
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { status, body })
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

    #[test]
    fn a_provider_is_inside_the_network_only_if_an_administrator_says_so() {
        for address in [
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "https://a.localhost/",
            "http://localhost/",
            "http://127.0.0.1/",
        ] {
            assert!(matches!(target(address, Reach::Public), Err(FetchError::Address)), "{address}");
            assert!(target(address, Reach::Private).is_ok(), "{address}");
        }
        for address in [
            "http://id.example.org/",
            "http://10.0.0.1/",
            "file:///etc/passwd",
            "https://2130706433/",
            "https://2130706433/?a=://127.0.0.1",
        ] {
            assert!(matches!(target(address, Reach::Private), Err(FetchError::Address)), "{address}");
        }
        assert!(target("https://id.example.org/a", Reach::Public).is_ok());
    }

    #[tokio::test]
    async fn an_error_does_not_say_where_a_call_went() {
        // Nobody listens at the port of nothing.
        let error = Fetcher::new().unwrap().post_form("http://127.0.0.1:1/secret", &[]).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}
