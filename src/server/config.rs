//! Settings: defaults < `latchkey.toml` < environment (`.env` below the process's own) < flags.
//!
//! [`Layers`] merges the sources, [`Settings`] reads each setting and collects every problem, so that a person
//! mends them all at once.

mod accent;
pub mod brand;
mod layers;
pub mod mail;
pub mod value;

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use url::Url;

use brand::BrandConfig;
pub use layers::{Layers, Overrides, Source};
use mail::{MailConfig, MailRoute, Relay};
use value::Value;
pub use value::is_loopback;

use super::crypto::{
    algorithm::Algorithm,
    master_secret::{MIN_LENGTH, MasterSecret},
};
use crate::model::{password, second_factor::SecondFactorPolicy};

/// Everything that can be set, in the order in which `latchkey doctor` shows it: name, default, what it is.
pub const SETTINGS: &[Setting] = &[
    Setting::new("addr", "127.0.0.1:3000", "address and port to listen on"),
    Setting::new(
        "public_url",
        "",
        "address that people and services use; by default http://localhost and the port",
    ),
    Setting::new("database_url", "sqlite://data/latchkey.db", "sqlite://FILE or postgres://USER@HOST/NAME"),
    Setting::secret(
        "secret",
        "master secret; several with commas between: the first encrypts, each decrypts",
    ),
    Setting::new("secret_file", "data/secret", "file with the master secret, made on first start"),
    Setting::new("registration", "open", "whether people may sign up: open or closed"),
    Setting::new(
        "second_factor",
        "optional",
        "whom a second factor is required of: optional (nobody), admins or everyone",
    ),
    Setting::new("brand_name", "Latchkey", "what the portal is called, on every page"),
    Setting::new(
        "brand_logo",
        "",
        "file with a logo (SVG or PNG, at most 64 KiB) for the head of every page",
    ),
    Setting::new("brand_accent", "", "colour of links and buttons, #rrggbb; dark enough to be read on white"),
    Setting::new("tokens_algorithm", "ES256", "ES256, EdDSA, RS256 or HS256"),
    Setting::new("tokens_access_ttl", "15m", "lifetime of an access token"),
    Setting::new(
        "tokens_client_access_ttl",
        "5m",
        "lifetime of an access token for an app that has none of its own",
    ),
    Setting::new(
        "tokens_rotate_every",
        "30d",
        "how long a signing key signs; off: until it is rotated by hand",
    ),
    Setting::new("tokens_jwks_max_age", "5m", "how long others may keep a copy of the public keys"),
    Setting::new("tokens_audience", "", "the `aud` of access tokens; by default the public URL"),
    Setting::new("sessions_idle_ttl", "7d", "a session ends when not used for so long"),
    Setting::new("sessions_absolute_ttl", "30d", "a session ends after so long, used or not"),
    Setting::new("sessions_rotate_after", "30s", "a refresh token younger than this is not rotated"),
    Setting::new("sessions_reuse_grace", "30s", "how long the token before may still be presented"),
    Setting::new(
        "passwords_min_length",
        "8",
        "least characters of a password; NIST asks for 15 where it is the only factor",
    ),
    Setting::new(
        "passwords_breached_file",
        "data/breached-passwords",
        "file with passwords that nobody may choose, from `latchkey passwords import`",
    ),
    Setting::new("passwords_memory_kib", "19456", "argon2id memory, KiB"),
    Setting::new("passwords_iterations", "2", "argon2id passes"),
    Setting::new("passwords_parallelism", "1", "argon2id lanes"),
    Setting::new("passwords_concurrency", "0", "password checks at once; 0: one a core"),
    Setting::new("trusted_proxies", "", "networks (CIDR, comma-separated) whose X-Forwarded-For is believed"),
    Setting::new(
        "tls_certificate",
        "",
        "file with the certificate and its chain (PEM), to speak TLS without a proxy",
    ),
    Setting::new("tls_key", "", "file with the certificate's private key (PEM), mode 0600"),
    Setting::new(
        "redirect_addr",
        "",
        "address and port that lead plain http to the public URL; with TLS only",
    ),
    Setting::new(
        "security_contact",
        "",
        "where to report vulnerabilities (mailto: or https:, comma-separated), for security.txt",
    ),
    Setting::new(
        "mail_url",
        "",
        "relay that takes mails: smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST?tls=required",
    ),
    Setting::new("mail_from", "", "address that mails come from, like Example <id@example.org>"),
    Setting::new("mail_ca", "", "file with the certificate (PEM) of the authority that signed the relay's"),
    Setting::new(
        "mail_sign_in_links",
        "off",
        "whether people may sign in with a link that is mailed to them: on or off",
    ),
    Setting::new("audit_retention", "365d", "how long events stay in the audit log; off: for ever"),
    Setting::new("rate_limit", "on", "whether attempts to sign in are limited: on or off"),
];

/// A setting's name, default and meaning.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub about: &'static str,
    pub secret: bool,
}

impl Setting {
    const fn new(name: &'static str, default: &'static str, about: &'static str) -> Self {
        Self { name, default, about, secret: false }
    }

    const fn secret(name: &'static str, about: &'static str) -> Self {
        Self { name, default: "", about, secret: true }
    }

    /// Its environment variable.
    pub fn variable(name: &str) -> String {
        format!("LATCHKEY_{}", name.to_uppercase())
    }
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub setting: String,
    pub source: Source,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.setting, self.source, self.message)
    }
}

/// The program's settings, checked.
#[derive(Debug)]
pub struct Config {
    pub addr: SocketAddr,
    pub public_url: Url,
    pub database_url: DatabaseUrl,
    pub secret: SecretSource,
    pub registration: Registration,
    /// Whom a second factor is required of.
    pub second_factor: SecondFactorPolicy,
    pub brand: BrandConfig,
    pub tokens: TokenConfig,
    pub sessions: SessionConfig,
    pub passwords: PasswordConfig,
    pub password_rules: PasswordRules,
    pub trusted_proxies: Vec<IpNet>,
    /// Where the program speaks TLS itself.
    pub tls: Option<TlsConfig>,
    /// Where plain http is led to the public URL.
    pub redirect_addr: Option<SocketAddr>,
    /// URLs for `security.txt`.
    pub security_contacts: Vec<Url>,
    pub rate_limit: bool,
    /// How mails are sent; nothing: they are not, and whatever needs them is absent.
    pub mail: Option<MailConfig>,
    /// How long audit events are kept; nothing: for ever.
    pub audit_retention: Option<Duration>,
}

/// Which database, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(String),
}

/// A certificate, and the key that belongs to it.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Where the master secret is.
pub enum SecretSource {
    Given(Vec<MasterSecret>),
    File(PathBuf),
}

impl SecretSource {
    /// The setting that names it.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Given(_) => "LATCHKEY_SECRET",
            Self::File(_) => "LATCHKEY_SECRET_FILE",
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    Open,
    Closed,
}

#[derive(Clone, Debug)]
pub struct TokenConfig {
    pub algorithm: Algorithm,
    pub issuer: String,
    pub audience: String,
    pub access_ttl: Duration,
    /// The same for a client that has none of its own.
    pub client_access_ttl: Duration,
    /// How long others may keep a copy of the key set.
    pub jwks_max_age: Duration,
    /// How long a key signs; nothing: until somebody rotates.
    pub rotate_every: Option<Duration>,
}

/// Where a client asks who its user is: the audience of its access tokens, unless it asked for a service's.
pub fn userinfo_endpoint(issuer: &str) -> String {
    format!("{issuer}/oauth/userinfo")
}

/// How long a session lives and how its refresh token rotates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    pub idle_ttl: Duration,
    pub absolute_ttl: Duration,
    pub rotate_after: Duration,
    pub reuse_grace: Duration,
}

/// Argon2id's parameters and how many run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordConfig {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
    pub concurrency: usize,
}

/// Which passwords may be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// In characters.
    pub min_length: usize,
    /// A file of passwords that nobody may choose; it need not be there.
    pub breached: PathBuf,
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86400);

/// The shortest life of an access token that lets a browser renew it in time: it does so when four fifths are over, and
/// sends no token in its last second.
pub const SHORTEST_ACCESS: Duration = Duration::from_secs(5);

/// How long a token for a client may live at the most: its key verifies for so long after it has signed its last one.
pub const LONGEST_CLIENT_TOKEN: Duration = HOUR;

/// How long common libraries wait before they fetch a key set once more for a key that they do not know.
const COMMON_PAUSE: Duration = Duration::from_secs(30);

impl Config {
    /// What can be used and is hardly meant.
    pub fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.sessions.rotate_after < self.sessions.reuse_grace {
            warnings.push(
                "LATCHKEY_SESSIONS_ROTATE_AFTER is shorter than LATCHKEY_SESSIONS_REUSE_GRACE: \
                 of several tabs without Web Locks that refresh at once, one may be taken for a thief's",
            );
        }
        if self.tokens.jwks_max_age < COMMON_PAUSE {
            warnings.push(
                "LATCHKEY_TOKENS_JWKS_MAX_AGE is shorter than 30 s: common libraries (jose, PyJWT) ask for the key set once \
                 in 30 s at most, and refuse the tokens of a new key until then",
            );
        }
        if self.is_https() && self.tls.is_none() && self.trusted_proxies.is_empty() {
            warnings.push(
                "LATCHKEY_TRUSTED_PROXIES is empty, but the public URL is https, so a proxy must be in front: all people \
                 seem to come from its address, share one rate limit and one limit of connections, and the audit log \
                 tells nothing about where they are",
            );
        }
        if value::is_exposed(&self.database_url) {
            warnings.push(
                "LATCHKEY_DATABASE_URL has an sslmode other than verify-full: whoever is between here and the database can \
                 read and change what is sent",
            );
        }
        if let Some(mail) = &self.mail
            && !is_same_domain(mail.from.email.domain(), self.public_url.host_str())
        {
            warnings.push(
                "LATCHKEY_MAIL_FROM has another domain than the public URL: readers may take mails with links elsewhere for \
                 forged ones, and so may their providers",
            );
        }
        if let SecretSource::Given(secrets) = &self.secret
            && !secrets.iter().all(MasterSecret::is_random)
        {
            warnings.push(
                "LATCHKEY_SECRET is a passphrase; it is stretched, but what `latchkey secret generate` prints can't be guessed",
            );
        }
        warnings
    }

    /// Reads every setting; on failure returns all the problems there are.
    pub fn read(layers: &Layers) -> Result<Self, Vec<Problem>> {
        let mut settings = Settings { layers, problems: Vec::new() };
        let config = settings.read_all();
        match config {
            Some(config) if settings.problems.is_empty() => Ok(config),
            _ => Err(settings.problems),
        }
    }

    /// Whether people may sign in with a link that is mailed to them.
    pub fn has_sign_in_links(&self) -> bool {
        self.mail.as_ref().is_some_and(|mail| mail.sign_in_links)
    }

    /// Whether people reach it over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// Whether a host is in the domain that mails come from, or the other way around.
fn is_same_domain(from: &str, host: Option<&str>) -> bool {
    let within = |name: &str, domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
    host.is_some_and(|host| within(host, from) || within(from, host))
}

/// Reads settings one by one and remembers what was wrong.
struct Settings<'a> {
    layers: &'a Layers,
    problems: Vec<Problem>,
}

impl Settings<'_> {
    fn read_all(&mut self) -> Option<Config> {
        self.refuse_unknown();
        let addr = self.get("addr", value::socket_addr);
        let public_url = self.public_url(addr);
        let database_url = self.get("database_url", value::database_url);
        let secret = self.secret();
        let registration = self.get("registration", |v| {
            v.one_of(&[("open", Registration::Open), ("closed", Registration::Closed)])
        });
        let second_factor = self.get("second_factor", |v| v.one_of(&SecondFactorPolicy::NAMES));
        let brand_name = self.get("brand_name", brand::name);
        let logo = self.get("brand_logo", brand::logo);
        let accent = self.get("brand_accent", brand::accent);
        let tokens = self.tokens(public_url.as_ref());
        let sessions = self.sessions();
        let passwords = self.passwords();
        let password_rules = self.password_rules();
        let trusted_proxies = self.get("trusted_proxies", value::networks);
        let tls = self.tls(public_url.as_ref());
        let redirect_addr = self.redirect_addr(tls.as_ref());
        let security_contacts = self.get("security_contact", value::contacts);
        let mail = self.mail(public_url.as_ref());
        let rate_limit = self.get("rate_limit", |v| v.one_of(&[("on", true), ("off", false)]));
        let audit_retention = self.get("audit_retention", |v| v.duration_or_off(DAY, 36500 * DAY));
        Some(Config {
            addr: addr?,
            public_url: public_url?,
            database_url: database_url?,
            secret: secret?,
            registration: registration?,
            second_factor: second_factor?,
            brand: BrandConfig { name: brand_name?, logo: logo?, accent: accent? },
            tokens: tokens?,
            sessions: sessions?,
            passwords: passwords?,
            password_rules: password_rules?,
            trusted_proxies: trusted_proxies?,
            tls,
            redirect_addr,
            security_contacts: security_contacts?,
            rate_limit: rate_limit?,
            mail,
            audit_retention: audit_retention?,
        })
    }

    fn get<T>(&mut self, name: &str, parse: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        let value = self.layers.value(name);
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.refuse(name, message);
                None
            }
        }
    }

    fn refuse(&mut self, name: &str, message: impl Into<String>) {
        let source = self.layers.source(name);
        self.problems.push(Problem { setting: Setting::variable(name), source, message: message.into() });
    }

    /// A misspelt name must not be read as "use the default".
    fn refuse_unknown(&mut self) {
        for (name, source) in self.layers.unknown() {
            let message = "there is no such setting; `latchkey doctor` lists them".to_owned();
            self.problems.push(Problem { setting: name, source, message });
        }
    }

    fn public_url(&mut self, addr: Option<SocketAddr>) -> Option<Url> {
        if self.layers.value("public_url").is_empty() {
            let port = addr?.port();
            return Url::parse(&format!("http://localhost:{port}")).ok();
        }
        self.get("public_url", value::public_url)
    }

    fn secret(&mut self) -> Option<SecretSource> {
        let given = self.layers.value("secret");
        if given.is_empty() {
            // Set to nothing is a mistake in a deployment, and no wish for a new secret.
            if self.layers.source("secret") != Source::Default {
                self.refuse("secret", format!("is empty: it needs at least {MIN_LENGTH} characters"));
                return None;
            }
            return self.get("secret_file", |v| v.not_empty().map(|path| SecretSource::File(path.into())));
        }
        self.get("secret", |v| {
            MasterSecret::parse_all(v.as_str()).map(SecretSource::Given).map_err(|error| error.to_string())
        })
    }

    fn tls(&mut self, public_url: Option<&Url>) -> Option<TlsConfig> {
        let [certificate, key] = ["tls_certificate", "tls_key"].map(|name| self.layers.value(name));
        match (certificate.is_empty(), key.is_empty()) {
            (true, true) => return None,
            (true, false) => self.refuse("tls_certificate", "is empty, but LATCHKEY_TLS_KEY is set"),
            (false, true) => self.refuse("tls_key", "is empty, but LATCHKEY_TLS_CERTIFICATE is set"),
            (false, false) if public_url.is_some_and(|url| url.scheme() != "https") => {
                self.refuse("public_url", "must start with https:// where the program speaks TLS itself");
            }
            (false, false) => {}
        }
        Some(TlsConfig { certificate: certificate.as_str().into(), key: key.as_str().into() })
    }

    fn redirect_addr(&mut self, tls: Option<&TlsConfig>) -> Option<SocketAddr> {
        if self.layers.value("redirect_addr").is_empty() {
            return None;
        }
        if tls.is_none() {
            self.refuse("redirect_addr", "is of no use without LATCHKEY_TLS_CERTIFICATE");
        }
        self.get("redirect_addr", value::socket_addr)
    }

    /// How mails are sent. A setting of them that is of no use is a mistake in a deployment.
    fn mail(&mut self, public_url: Option<&Url>) -> Option<MailConfig> {
        let is_local = public_url.is_some_and(is_loopback);
        let route = self.get("mail_url", |v| mail::route(v, is_local))?;
        let authority = self.get("mail_ca", mail::authority)?;
        let sign_in_links = self.get("mail_sign_in_links", |v| v.one_of(&[("on", true), ("off", false)]))?;
        let Some(route) = route else {
            if sign_in_links {
                self.refuse("mail_sign_in_links", "is of no use without LATCHKEY_MAIL_URL");
            }
            for name in ["mail_from", "mail_ca"] {
                if !self.layers.value(name).is_empty() {
                    self.refuse(name, "is of no use without LATCHKEY_MAIL_URL");
                }
            }
            return None;
        };
        let from = self.get("mail_from", mail::from)?;
        Some(match route {
            MailRoute::Relay(relay) => {
                MailConfig { route: MailRoute::Relay(Relay { authority, ..relay }), from, sign_in_links }
            }
            MailRoute::Stdout => MailConfig { route, from, sign_in_links },
        })
    }

    fn tokens(&mut self, public_url: Option<&Url>) -> Option<TokenConfig> {
        let algorithm = self.get("tokens_algorithm", |v| v.one_of(&Algorithm::NAMES));
        let access_ttl = self.duration("tokens_access_ttl", SHORTEST_ACCESS, 24 * HOUR);
        let client_access_ttl =
            self.duration("tokens_client_access_ttl", SHORTEST_ACCESS, LONGEST_CLIENT_TOKEN);
        let jwks_max_age = self.duration("tokens_jwks_max_age", SECOND, DAY);
        let rotate_every = self.get("tokens_rotate_every", |v| v.duration_or_off(HOUR, 3650 * DAY));
        let audience = self.layers.value("tokens_audience").as_str().to_owned();
        let issuer = public_url?.as_str().trim_end_matches('/').to_owned();
        let audience = if audience.is_empty() { issuer.clone() } else { audience };
        if audience == userinfo_endpoint(&issuer) {
            self.refuse("tokens_audience", "is what the access tokens of apps have: use another one");
        }
        Some(TokenConfig {
            algorithm: algorithm?,
            access_ttl: access_ttl?,
            client_access_ttl: client_access_ttl?,
            jwks_max_age: jwks_max_age?,
            rotate_every: rotate_every?,
            issuer,
            audience,
        })
    }

    fn sessions(&mut self) -> Option<SessionConfig> {
        let config = SessionConfig {
            idle_ttl: self.duration("sessions_idle_ttl", SECOND, 400 * DAY)?,
            absolute_ttl: self.duration("sessions_absolute_ttl", SECOND, 400 * DAY)?,
            rotate_after: self.duration("sessions_rotate_after", Duration::ZERO, 24 * HOUR)?,
            reuse_grace: self.duration("sessions_reuse_grace", Duration::ZERO, HOUR)?,
        };
        if config.idle_ttl > config.absolute_ttl {
            self.refuse("sessions_idle_ttl", "is longer than LATCHKEY_SESSIONS_ABSOLUTE_TTL");
        }
        if config.rotate_after >= config.idle_ttl {
            self.refuse("sessions_rotate_after", "must be shorter than LATCHKEY_SESSIONS_IDLE_TTL");
        }
        Some(config)
    }

    fn duration(&mut self, name: &str, least: Duration, most: Duration) -> Option<Duration> {
        self.get(name, |v| v.duration(least, most))
    }

    fn password_rules(&mut self) -> Option<PasswordRules> {
        let least = u32::try_from(password::MIN_LENGTH).unwrap_or(u32::MAX);
        let min_length = self.get("passwords_min_length", |v| v.number(least, 64));
        let breached = self.get("passwords_breached_file", |v| v.not_empty().map(PathBuf::from));
        Some(PasswordRules { min_length: usize::try_from(min_length?).ok()?, breached: breached? })
    }

    fn passwords(&mut self) -> Option<PasswordConfig> {
        let memory_kib = self.get("passwords_memory_kib", |v| v.number(19_456, 4_194_304));
        let iterations = self.get("passwords_iterations", |v| v.number(2, 100));
        let parallelism = self.get("passwords_parallelism", |v| v.number(1, 64));
        let concurrency = self.get("passwords_concurrency", |v| v.number(0, 1024));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Some(PasswordConfig {
            memory_kib: memory_kib?,
            iterations: iterations?,
            parallelism: parallelism?,
            concurrency: match concurrency? {
                0 => cores,
                set => usize::try_from(set).unwrap_or(cores),
            },
        })
    }
}

#[cfg(test)]
mod tests;
