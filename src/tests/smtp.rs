//! A mail relay of a test's own: it speaks as much SMTP as is needed, and keeps what it takes.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// What a relay offers and asks for.
#[derive(Clone, Copy, Default)]
pub struct Offers {
    /// STARTTLS, without which it takes no mail.
    pub starttls: bool,
    /// A user and a password, without which it takes no mail.
    pub login: Option<(&'static str, &'static str)>,
    /// Addresses with other letters than ASCII (RFC 6531).
    pub utf8: bool,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Of the envelope, with parameters: `<a@b> BODY=8BITMIME`.
    pub from: String,
    pub to: String,
    pub data: String,
    pub encrypted: bool,
}

impl Received {
    /// The value of a header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.data.split("\r\n\r\n").next()?;
        head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The first address in the text that leads to this page.
    pub fn link(&self, page: &str) -> String {
        // Lines that are too long for a mail are broken (quoted-printable, RFC 2045 §6.7).
        let text = self.data.replace("=\r\n", "").replace("=3D", "=");
        let line = text.lines().find(|line| line.contains(page)).unwrap_or_else(|| panic!("{self:?}"));
        line.trim().to_owned()
    }
}

#[derive(Clone)]
pub struct Relay {
    port: u16,
    offers: Offers,
    folder: Arc<TempDir>,
    acceptor: TlsAcceptor,
    received: Arc<Mutex<Vec<Received>>>,
    /// What it says to the next recipients.
    replies: Arc<Mutex<VecDeque<&'static str>>>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Relay {
    pub async fn start(offers: Offers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(signing_key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(cert.der().to_vec())], key)
            .unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            offers,
            folder: Arc::new(folder),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            received: Arc::default(),
            replies: Arc::default(),
        };
        let serving = relay.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let relay = serving.clone();
                tokio::spawn(async move { relay.talk(Box::new(stream)).await });
            }
        });
        relay
    }

    /// Settings that lead mails here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let login =
            self.offers.login.map(|(user, password)| format!("{user}:{password}@")).unwrap_or_default();
        let tls = if self.offers.starttls { "?tls=required" } else { "" };
        let url = ("LATCHKEY_MAIL_URL", format!("smtp://{login}localhost:{}{tls}", self.port));
        let from = ("LATCHKEY_MAIL_FROM", "Example <id@example.org>".to_owned());
        let authority = ("LATCHKEY_MAIL_CA", self.authority().to_str().unwrap().to_owned());
        [Some(url), Some(from), self.offers.starttls.then_some(authority)].into_iter().flatten().collect()
    }

    /// The certificate of the authority that has signed its own.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What has arrived.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What it says to the next recipient, instead of taking the mail.
    pub fn refuse_next(&self, reply: &'static str) {
        self.replies.lock().unwrap().push_back(reply);
    }

    async fn talk(&self, mut stream: Box<dyn Stream>) -> io::Result<()> {
        let (mut encrypted, mut known) = (false, self.offers.login.is_none());
        let (mut from, mut to) = (String::new(), String::new());
        say(&mut stream, "220 relay.test ESMTP").await?;
        loop {
            let line = read_until(&mut stream, "\r\n").await?;
            let upper = line.to_ascii_uppercase();
            match upper.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => say(&mut stream, &self.greeting(encrypted)).await?,
                "STARTTLS" => {
                    say(&mut stream, "220 go on").await?;
                    stream = Box::new(self.acceptor.accept(stream).await?);
                    encrypted = true;
                }
                "AUTH" => {
                    known = line.strip_prefix("AUTH PLAIN ").is_some_and(|given| self.is_login(given));
                    say(&mut stream, if known { "235 welcome" } else { "535 who are you" }).await?;
                }
                "MAIL" if self.offers.starttls && !encrypted => {
                    say(&mut stream, "530 STARTTLS first").await?;
                }
                "MAIL" if !known => say(&mut stream, "530 who are you").await?,
                "MAIL" => {
                    line["MAIL FROM:".len()..].clone_into(&mut from);
                    say(&mut stream, "250 ok").await?;
                }
                "RCPT" => {
                    line["RCPT TO:".len()..].clone_into(&mut to);
                    let refusal = self.replies.lock().unwrap().pop_front();
                    say(&mut stream, refusal.unwrap_or("250 ok")).await?;
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let data = read_until(&mut stream, "\r\n.\r\n").await?;
                    let mail = Received { from: from.clone(), to: to.clone(), data, encrypted };
                    self.received.lock().unwrap().push(mail);
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => return say(&mut stream, "221 bye").await,
                _ => say(&mut stream, "250 ok").await?,
            }
        }
    }

    fn greeting(&self, encrypted: bool) -> String {
        let lines = [
            Some("250-relay.test"),
            (self.offers.starttls && !encrypted).then_some("250-STARTTLS"),
            self.offers.login.map(|_| "250-AUTH PLAIN"),
            self.offers.utf8.then_some("250-SMTPUTF8"),
            Some("250 8BITMIME"),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\r\n")
    }

    fn is_login(&self, given: &str) -> bool {
        let expected = self.offers.login.map(|(user, password)| format!("\0{user}\0{password}"));
        BASE64_STANDARD.decode(given).ok() == expected.map(String::into_bytes)
    }
}

async fn say(stream: &mut Box<dyn Stream>, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn read_until(stream: &mut Box<dyn Stream>, end: &str) -> io::Result<String> {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(stream.read_u8().await?);
    }
    read.truncate(read.len() - end.len());
    Ok(String::from_utf8(read).unwrap())
}
