//! Where mails go: the relay that takes them, and the address that they come from.

use std::{fmt, fs, net::IpAddr};

use lettre::{
    message::Mailbox,
    transport::smtp::{authentication::Credentials, client::Certificate},
};
use percent_encoding::percent_decode_str;
use url::Url;

use super::value::Value;

/// SMTP over TLS from the first byte (RFC 8314 §3.3).
const SUBMISSIONS: u16 = 465;
/// Submission with STARTTLS (RFC 6409 §3.1).
const SUBMISSION: u16 = 587;
const PLAIN: u16 = 25;

#[derive(Clone, Debug)]
pub struct MailConfig {
    pub route: MailRoute,
    pub from: Mailbox,
    /// Whether people may sign in with a link that is mailed to them.
    pub sign_in_links: bool,
}

/// What becomes of a mail.
#[derive(Clone, Debug)]
pub enum MailRoute {
    Relay(Relay),
    /// It is printed: for trying the program out on one's own machine.
    Stdout,
}

/// A server that takes mails and brings them on.
#[derive(Clone)]
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub security: RelaySecurity,
    pub credentials: Option<Credentials>,
    /// The authority that has signed its certificate, if that is not one of the system's.
    pub authority: Option<Certificate>,
}

/// Without the password.
impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

/// How a connection to the relay is kept from others. There is no way to take a certificate that does not hold, nor to go
/// on in the clear where the relay offers no TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelaySecurity {
    Tls,
    StartTls,
    /// It does not leave the machine.
    Loopback,
}

/// Where mails go, or nothing if nowhere. `is_local`: whether the public URL names this machine.
pub(super) fn route(value: &Value, is_local: bool) -> Result<Option<MailRoute>, String> {
    match value.as_str() {
        "" => Ok(None),
        "stdout:" if is_local => Ok(Some(MailRoute::Stdout)),
        "stdout:" => Err("may be stdout: on localhost only: links in mails open accounts".to_owned()),
        url => relay(url).map(|relay| Some(MailRoute::Relay(relay))),
    }
}

/// Without what was given: it may hold a password.
fn relay(text: &str) -> Result<Relay, String> {
    let url = Url::parse(text).map_err(|_| FORM.to_owned())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err("takes nothing after the host and the port but ?tls=required".to_owned());
    }
    let security = security(&url, host)?;
    let port = url.port().unwrap_or(match security {
        RelaySecurity::Tls => SUBMISSIONS,
        RelaySecurity::StartTls => SUBMISSION,
        RelaySecurity::Loopback => PLAIN,
    });
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Relay { host, port, security, credentials: credentials(&url)?, authority: None })
}

const FORM: &str = "must be smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST?tls=required";

fn security(url: &Url, host: &str) -> Result<RelaySecurity, String> {
    let parameters: Vec<_> = url.query_pairs().collect();
    let required = match parameters.as_slice() {
        [] => false,
        [(name, value)] if name == "tls" && value == "required" => true,
        _ => return Err("takes one parameter: ?tls=required".to_owned()),
    };
    match url.scheme() {
        "smtps" => Ok(RelaySecurity::Tls),
        "smtp" if required => Ok(RelaySecurity::StartTls),
        "smtp" if is_this_machine(host) => Ok(RelaySecurity::Loopback),
        "smtp" => Err(
            "needs ?tls=required: without it anybody on the way could read the links in mails and use them"
                .to_owned(),
        ),
        _ => Err(FORM.to_owned()),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let decode =
        |part: &str| percent_decode_str(part).decode_utf8().map(String::from).map_err(|_| FORM.to_owned());
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            Ok(Some(Credentials::new(decode(user)?, decode(password)?)))
        }
        _ => Err("needs both a user and a password, or neither".to_owned()),
    }
}

/// The certificate of the authority that has signed the relay's.
pub(super) fn authority(value: &Value) -> Result<Option<Certificate>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let pem = fs::read(value.as_str()).map_err(|error| format!("can't be read: {error}"))?;
    let holds_one = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
    let certificate = Certificate::from_pem(&pem).ok().filter(|_| holds_one);
    certificate.map(Some).ok_or_else(|| "must be a file with a certificate (PEM)".to_owned())
}

/// `id@example.org`, or `Example <id@example.org>`.
pub(super) fn from(value: &Value) -> Result<Mailbox, String> {
    value.not_empty()?.parse().map_err(|_| {
        format!(
            "is {:?}, and must be an address like id@example.org or Example <id@example.org>",
            value.as_str()
        )
    })
}
