//! The way to the relay. What it says decides whether a mail is tried again.

use std::{
    fmt,
    io::Write,
    time::{Duration, SystemTime},
};

use idna::domain_to_ascii;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        self, PoolConfig,
        client::{CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use url::Url;

use super::Letter;
use crate::{
    model::email::EmailAddress,
    server::{
        clock::Timestamp,
        config::mail::{MailConfig, MailRoute, Relay, RelaySecurity},
    },
};

/// How long the relay may take for each step.
const STEP: Duration = Duration::from_secs(20);
/// How long a mail may take in all.
const LIMIT: Duration = Duration::from_secs(60);
/// Connections to the relay at once.
const CONNECTIONS: u32 = 4;
/// Replies that say that this program may not send, and nothing about the mail (RFC 4954 §6, RFC 8314 §3).
const NOT_ALLOWED: [u16; 4] = [530, 534, 535, 538];

/// Sends mails.
pub struct Transport {
    route: Way,
    from: Mailbox,
    /// Of the public URL: names the program to the relay and stands in the ids of mails.
    host: String,
}

enum Way {
    Relay(AsyncSmtpTransport<Tokio1Executor>),
    Stdout,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Why a mail was not sent. It never names the recipient.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// It may be taken later.
    #[error("{0}")]
    Later(String),
    /// It will never be taken.
    #[error("{0}")]
    Never(String),
}

impl NotSent {
    fn of(error: &smtp::Error, to: &Address) -> Self {
        let code = error.status().map(u16::from);
        match code {
            Some(code) if error.is_permanent() && !NOT_ALLOWED.contains(&code) => {
                Self::Never(format!("the relay refused it ({code})"))
            }
            Some(code) => Self::Later(format!("the relay answered {code}")),
            // Refused here: the relay takes no such address (RFC 6531).
            None if error.is_client() && !to.to_string().is_ascii() => {
                Self::Never("the relay takes no address with other letters than ASCII".to_owned())
            }
            None => Self::Later(error.to_string()),
        }
    }
}

impl Transport {
    pub fn new(config: &MailConfig, public_url: &Url) -> Result<Self, smtp::Error> {
        let host = public_url.host_str().unwrap_or("localhost").to_owned();
        let route = match &config.route {
            MailRoute::Relay(relay) => Way::Relay(connect(relay, &host)?),
            MailRoute::Stdout => Way::Stdout,
        };
        Ok(Self { route, from: config.from.clone(), host })
    }

    /// Sends a mail. The same `id` again is the same mail to whoever reads it.
    pub async fn send(&self, id: &str, now: Timestamp, letter: &Letter) -> Result<(), NotSent> {
        let to = address(&letter.to)?;
        let message = self.message(id, now, to.clone(), letter)?;
        match &self.route {
            Way::Stdout => print(&message).map_err(|error| NotSent::Later(error.to_string())),
            Way::Relay(relay) => match tokio::time::timeout(LIMIT, relay.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(NotSent::of(&error, &to)),
                Err(_) => Err(NotSent::Later("the relay took too long".to_owned())),
            },
        }
    }

    /// Reaches the relay as if to send something: over TLS, and with the password.
    pub async fn check(&self) -> Result<(), String> {
        let Way::Relay(relay) = &self.route else { return Ok(()) };
        match tokio::time::timeout(LIMIT, relay.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the relay answers no question".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the relay took too long".to_owned()),
        }
    }

    /// Values of headers go through the types of the library, which write none that would end a line.
    fn message(&self, id: &str, now: Timestamp, to: Address, letter: &Letter) -> Result<Message, NotSent> {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            .message_id(Some(format!("<{id}@{}>", self.host)))
            // No answer is wanted, least of all an automatic one (RFC 3834 §5).
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .singlepart(SinglePart::plain(letter.text.clone()))
            .map_err(|error| NotSent::Never(error.to_string()))
    }
}

/// A domain goes as ASCII, which every relay takes; the part before it as it is.
fn address(email: &EmailAddress) -> Result<Address, NotSent> {
    let never = || NotSent::Never("this is no address for a mail".to_owned());
    let (user, domain) = email.as_str().rsplit_once('@').ok_or_else(never)?;
    let domain = domain_to_ascii(domain).map_err(|_| never())?;
    Address::new(user, domain).map_err(|_| never())
}

fn connect(relay: &Relay, own_host: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let tls = match relay.security {
        RelaySecurity::Tls => Tls::Wrapper(tls(relay)?),
        RelaySecurity::StartTls => Tls::Required(tls(relay)?),
        RelaySecurity::Loopback => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(relay.host.clone())
        .port(relay.port)
        .tls(tls)
        .timeout(Some(STEP))
        .hello_name(ClientId::Domain(own_host.to_owned()))
        .pool_config(PoolConfig::new().max_size(CONNECTIONS));
    let with_password = match relay.credentials.clone() {
        Some(credentials) => builder.credentials(credentials),
        None => builder,
    };
    Ok(with_password.build())
}

/// The relay's certificate is checked. Where an authority is named, no other one counts.
fn tls(relay: &Relay) -> Result<TlsParameters, smtp::Error> {
    let builder = TlsParameters::builder(relay.host.clone());
    let builder = match relay.authority.clone() {
        Some(authority) => builder.certificate_store(CertificateStore::None).add_root_certificate(authority),
        None => builder,
    };
    builder.build_rustls()
}

fn print(message: &Message) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(&message.formatted())?;
    out.write_all(b"\n")?;
    out.flush()
}
