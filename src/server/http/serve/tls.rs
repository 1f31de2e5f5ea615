//! TLS in the program itself, for those who have no proxy in front: 1.2 and 1.3, with AWS-LC.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    },
};
use zeroize::Zeroizing;

use crate::server::{config::TlsConfig, crypto::private_file};

/// How often it is looked whether the files have changed: certificates are renewed weeks before they expire.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// Why a certificate can't be used, with the setting that names the file.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {}: {problem}", .path.display())]
pub struct TlsError {
    setting: &'static str,
    path: PathBuf,
    problem: String,
}

/// The certificate as it is in its files now.
#[derive(Debug)]
pub struct Certificate {
    files: TlsConfig,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    modified: RwLock<Modified>,
}

/// When the files were changed last.
type Modified = [Option<SystemTime>; 2];

impl Certificate {
    pub fn load(files: TlsConfig) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        // Before they are read: a change while they are is seen the next time.
        let modified = RwLock::new(modified(&files));
        let current = RwLock::new(Arc::new(read(&files, &provider)?));
        Ok(Arc::new(Self { files, provider, current, modified }))
    }

    /// Accepts connections with it.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, tokio_rustls::rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again if they have changed. One that can't be used, or that is half written, changes nothing.
    /// Returns whether there is a new one.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let now = modified(&self.files);
        if now == *self.modified.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(false);
        }
        let fresh = read(&self.files, &self.provider)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        *self.modified.write().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(true)
    }

    /// Reloads for as long as the program runs.
    pub async fn keep_current(self: Arc<Self>) {
        let mut timer = tokio::time::interval(POLL_INTERVAL);
        loop {
            timer.tick().await;
            match self.reload() {
                Ok(true) => tracing::info!("the certificate was changed and is used from now on"),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "the changed certificate can't be used; the one before is kept");
                }
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn modified(files: &TlsConfig) -> Modified {
    [&files.certificate, &files.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn read(files: &TlsConfig, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let certificate = |problem: String| TlsError {
        setting: "LATCHKEY_TLS_CERTIFICATE",
        path: files.certificate.clone(),
        problem,
    };
    let private_key =
        |problem: String| TlsError { setting: "LATCHKEY_TLS_KEY", path: files.key.clone(), problem };
    let text = fs::read(&files.certificate).map_err(|error| certificate(error.to_string()))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(certificate("holds no certificate".to_owned()));
    }
    let text = read_private(&files.key).map_err(|error| private_key(error.to_string()))?;
    let key =
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| private_key("holds no private key".to_owned()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| private_key(error.to_string()))
}

fn read_private(path: &PathBuf) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    private_file::refuse_loose(&file.metadata()?).map_err(io::Error::other)?;
    let mut text = Zeroizing::new(Vec::new());
    file.read_to_end(&mut text)?;
    Ok(text)
}
