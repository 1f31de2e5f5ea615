//! TLS in the program itself.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::SystemTime};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use super::connections::{LIMITS, REQUEST, Running, SOON, closed, status};
use crate::{
    server::{
        config::TlsConfig,
        http::{
            redirect_to_https, router,
            serve::{Limits, Server, tls::Certificate},
        },
    },
    tests::test_app::{Backend, TestApp},
};

/// The files of a certificate that nobody has signed but itself.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.renew();
        files
    }

    fn config(&self) -> TlsConfig {
        TlsConfig { certificate: self.0.path().join("cert.pem"), key: self.0.path().join("key.pem") }
    }

    /// Writes another certificate. Returns its file's text.
    fn renew(&self) -> String {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["id.example.org".to_owned()]).unwrap();
        let TlsConfig { certificate, key } = self.config();
        write(&certificate, &cert.pem());
        write(&key, &signing_key.serialize_pem());
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        cert.pem()
    }
}

/// Writes a file later than it was written before.
fn write(path: &Path, text: &str) {
    let before = fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    fs::write(path, text).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(before + SOON).unwrap();
}

async fn serve(app: &TestApp, certificate: &Arc<Certificate>, limits: Limits) -> Running {
    let server = Server::new(router(app.state.clone()), Vec::new(), limits);
    Running::run(server.with_tls(Some(certificate.acceptor().unwrap()))).await
}

/// Connects with one version, trusting the certificate in this file's text.
async fn connect(
    server: &Running,
    trusted: &str,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("id.example.org").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_with_the_certificate() {
    let (app, files) = (TestApp::start().await, Files::new());
    let text = fs::read_to_string(files.config().certificate).unwrap();
    let server = serve(&app, &Certificate::load(files.config()).unwrap(), LIMITS).await;
    for version in [&TLS12, &TLS13] {
        let mut connection = connect(&server, &text, version).await.unwrap();
        assert_eq!(connection.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(status(&mut connection, REQUEST).await, Some(200));
    }
    // Plain HTTP is no handshake.
    assert_eq!(status(&mut server.connect().await, REQUEST).await, None);
}

#[tokio::test]
async fn a_handshake_that_is_not_finished_is_given_up() {
    let (app, files) = (TestApp::start().await, Files::new());
    let limits = Limits { head: SOON, ..LIMITS };
    let server = serve(&app, &Certificate::load(files.config()).unwrap(), limits).await;
    closed(server.connect().await).await;
}

#[tokio::test]
async fn a_certificate_is_read_again_when_it_changes_and_a_broken_one_is_not_used() {
    let (app, files) = (TestApp::start().await, Files::new());
    let certificate = Certificate::load(files.config()).unwrap();
    let server = serve(&app, &certificate, LIMITS).await;
    assert!(!certificate.reload().unwrap());
    let renewed = files.renew();
    assert!(connect(&server, &renewed, &TLS13).await.is_err());
    assert!(certificate.reload().unwrap());
    connect(&server, &renewed, &TLS13).await.unwrap();
    write(&files.config().certificate, "half a fi");
    let error = certificate.reload().unwrap_err().to_string();
    assert!(error.starts_with("LATCHKEY_TLS_CERTIFICATE: ") && error.contains("cert.pem"), "{error}");
    connect(&server, &renewed, &TLS13).await.unwrap();
    let again = files.renew();
    assert!(certificate.reload().unwrap());
    connect(&server, &again, &TLS13).await.unwrap();
}

#[tokio::test]
async fn a_key_that_others_can_read_or_that_belongs_to_another_certificate_is_refused() {
    let (files, others) = (Files::new(), Files::new());
    let mixed = TlsConfig { key: others.config().key, ..files.config() };
    let error = Certificate::load(mixed).unwrap_err().to_string();
    assert!(error.starts_with("LATCHKEY_TLS_KEY: "), "{error}");
    fs::set_permissions(files.config().key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Certificate::load(files.config()).unwrap_err().to_string();
    assert!(error.contains("0644"), "{error}");
}

#[tokio::test]
async fn plain_http_is_led_to_the_public_url() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_PUBLIC_URL", "https://id.example.org")]).await;
    let router = redirect_to_https(&app.state.config.public_url);
    let mut browser = super::test_app::Browser::new(router);
    for (address, location) in [
        ("/", "https://id.example.org/"),
        ("/login?next=/account", "https://id.example.org/login?next=/account"),
        ("//evil.example", "https://id.example.org/"),
    ] {
        let answer = browser.get(address).await;
        answer.assert_status(308);
        assert_eq!(answer.location(), location);
    }
    browser.post("/api/auth/login", &[("password", "sent in the clear")]).await.assert_status(403);
}
