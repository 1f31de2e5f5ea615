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

    /// A duration, or nothing for `off`.
    pub fn duration_or_off(&self, least: Duration, most: Duration) -> Result<Option<Duration>, String> {
        if self.as_str().eq_ignore_ascii_case("off") {
            Ok(None)
        } else {
            self.duration(least, most).map(Some)
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
            Err(format!("is {}, and must be from {} to {}", self.as_str(), in_words(least), in_words(most)))
        }
    }
}

/// A duration as people write it: in the largest unit that holds it whole. Years and months have no fixed length.
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 86_400), ("h", 3600), ("m", 60)];
    let whole = units.into_iter().find(|(_, length)| seconds > 0 && seconds.is_multiple_of(*length));
    whole.map_or_else(|| format!("{seconds}s"), |(unit, length)| format!("{}{unit}", seconds / length))
}

pub(super) fn socket_addr(value: &Value) -> Result<SocketAddr, String> {
    value.as_str().parse().map_err(|_| {
        format!("is {:?}, and must be an address and a port like 127.0.0.1:3000", value.as_str())
    })
}

/// Whether a URL names the machine itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A browser keeps the session cookie (`__Host-`, Secure) only over https, or on the machine itself.
pub(super) fn public_url(value: &Value) -> Result<Url, String> {
    let url = Url::parse(value.as_str())
        .map_err(|_| format!("is {:?}, and must be a URL like https://id.example.org", value.as_str()))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
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
            .map(|url| DatabaseUrl::Postgres(over_verified_tls(url).into()))
            .map_err(|error| format!("is no URL: {error}"));
    }
    Err("must start with sqlite:// or postgres://".to_owned())
}

/// The URL, with TLS and the server's certificate checked (OWASP ASVS 12.3.2), unless it is on the machine itself or says
/// otherwise: sqlx by itself takes what the server offers.
fn over_verified_tls(mut url: Url) -> Url {
    if !is_local_database(&url) && parameter(&url, &SSL_MODE).is_none() {
        url.query_pairs_mut().append_pair("sslmode", VERIFIED);
    }
    url
}

/// Whether a connection to PostgreSQL can be read or answered by somebody in between.
pub(super) fn is_exposed(database: &DatabaseUrl) -> bool {
    let DatabaseUrl::Postgres(url) = database else { return false };
    let Ok(url) = Url::parse(url) else { return false };
    !is_local_database(&url) && parameter(&url, &SSL_MODE).is_some_and(|mode| mode != VERIFIED)
}

/// The parameter's names that sqlx knows.
const SSL_MODE: [&str; 2] = ["sslmode", "ssl-mode"];
const VERIFIED: &str = "verify-full";

fn parameter(url: &Url, names: &[&str]) -> Option<String> {
    url.query_pairs().find(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value.into_owned())
}

/// A socket's folder, or a loopback address.
fn is_local_database(url: &Url) -> bool {
    let host = parameter(url, &["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_default().replace("%2F", "/").replace("%2f", "/");
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.is_empty()
        || host.starts_with('/')
        || host == "localhost"
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// URLs at which people are reached (RFC 9116 §2.5.3).
pub(super) fn contacts(value: &Value) -> Result<Vec<Url>, String> {
    let parts = value.as_str().split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let url = Url::parse(part).ok().filter(|url| matches!(url.scheme(), "https" | "mailto" | "tel"));
            url.ok_or_else(|| format!("has {part:?}, and must be URLs like mailto:security@example.org"))
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn the_limits_of_a_duration_are_named_as_people_write_them() {
        let outside = Value::new("0").duration(DAY, 36_500 * DAY);
        assert_eq!(outside, Err("is 0, and must be from 1d to 36500d".to_owned()));
        let outside = Value::new("2h").duration(Duration::ZERO, Duration::from_secs(90));
        assert_eq!(outside, Err("is 2h, and must be from 0s to 90s".to_owned()));
        assert_eq!(Value::new("1m").duration(Duration::ZERO, DAY), Ok(Duration::from_secs(60)));
    }
}
