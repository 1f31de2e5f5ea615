//! How a setting's text is read.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use url::{Host, Url};

use super::DatabaseUrl;

/// The text of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value(String);

impl Value {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        self.0.trim()
    }

    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }

    pub fn not_empty(&self) -> Result<&str, String> {
        if self.is_empty() { Err("is empty".to_owned()) } else { Ok(self.as_str()) }
    }

    /// The choice of that name, in any case.
    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, String> {
        let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(self.as_str()));
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            format!("is {:?}, and must be one of: {}", self.as_str(), names.join(", "))
        })
    }

    pub fn number(&self, least: u32, most: u32) -> Result<u32, String> {
        match self.as_str().parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(format!("is {:?}, and must be a whole number from {least} to {most}", self.as_str())),
        }
    }

    /// Reads `15m`, `7d`, `1h 30m`.
    pub fn duration(&self, least: Duration, most: Duration) -> Result<Duration, String> {
        let duration = humantime::parse_duration(self.as_str()).map_err(|_| {
            format!("is {:?}, and must be a duration like 30s, 15m, 12h or 7d", self.as_str())
        })?;
        if (least..=most).contains(&duration) {
            Ok(duration)
        } else {
            let format = humantime::format_duration;
            Err(format!("is {}, and must be from {} to {}", self.as_str(), format(least), format(most)))
        }
    }
}

pub(super) fn socket_addr(value: &Value) -> Result<SocketAddr, String> {
    value.as_str().parse().map_err(|_| {
        format!("is {:?}, and must be an address and a port like 127.0.0.1:3000", value.as_str())
    })
}

/// A browser keeps the session cookie (`__Host-`, Secure) only over https, or on the machine itself.
pub(super) fn public_url(value: &Value) -> Result<Url, String> {
    let url = Url::parse(value.as_str())
        .map_err(|_| format!("is {:?}, and must be a URL like https://id.example.org", value.as_str()))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => {
            return Err(
                "must start with https://: browsers keep the session cookie over TLS or on localhost only"
                    .to_owned(),
            );
        }
        _ => return Err("must start with https:// or, on localhost, http://".to_owned()),
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(
            "must be scheme, host and port alone: the session cookie belongs to a whole host".to_owned()
        );
    }
    Ok(url)
}

pub(super) fn database_url(value: &Value) -> Result<DatabaseUrl, String> {
    let text = value.as_str();
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return match path {
            "" => Err("names no file: sqlite://data/latchkey.db".to_owned()),
            ":memory:" => {
                Err("must be a file: a database in memory would lose every account at a restart".to_owned())
            }
            path if path.contains('?') => Err("takes no parameters after the file".to_owned()),
            path => Ok(DatabaseUrl::Sqlite(PathBuf::from(path))),
        };
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Url::parse(text)
            .map(|_| DatabaseUrl::Postgres(text.to_owned()))
            .map_err(|error| format!("is no URL: {error}"));
    }
    Err("must start with sqlite:// or postgres://".to_owned())
}

pub(super) fn networks(value: &Value) -> Result<Vec<IpNet>, String> {
    value
        .as_str()
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let network = part.parse::<IpNet>().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from));
            network.ok_or_else(|| format!("has {part:?}, which is no network like 10.0.0.0/8"))
        })
        .collect()
}
