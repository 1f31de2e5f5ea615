//! `latchkey serve`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::FutureExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::CliError;
use crate::server::{
    accounts::setup,
    clock::Clock,
    config::{Config, SecretSource},
    crypto::{entropy::Entropy, master_secret::MasterSecret, vault::Vault},
    http::{
        redirect_to_https, router,
        routes::assets,
        serve::{Limits, Server, tls::Certificate},
    },
    mail::transport::Transport,
    state::AppState,
    store::Store,
    tasks::{
        checkpoints, client_sessions, clock, housekeeping, imported_hashes, logout_deliveries, mails,
        providers, sync,
    },
};

/// How long the database may take to close, after the requests. Nothing is lost by leaving it: what was acknowledged is
/// committed. With the requests' grace it stays below the ten seconds that Docker and others wait.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// Serves until told to stop.
pub async fn serve(config: Config) -> Result<(), CliError> {
    assets::check().map_err(CliError::failed)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let (addr, public_url) = (config.addr, config.public_url.clone());
    let tls = start_tls(&config)?;
    let transport = open_transport(&config)?;
    let entropy = Entropy::system();
    let vault = open_vault(&config.secret, &entropy)?;
    let store = Store::open(&config.database_url).await?;
    let setting = config.secret.setting();
    let state = AppState::start(config, store.clone(), vault, Clock::system(), entropy)
        .await
        .map_err(|error| CliError::from_start(error, setting))?;
    let listener = listen(addr).await?;
    let redirect_listener = match state.config.redirect_addr {
        Some(addr) => Some(listen(addr).await?),
        None => None,
    };

    println!("Latchkey is ready: {public_url}");
    if let Some(path) = setup::offer(&state, state.now()).await.map_err(CliError::failed)? {
        println!("\nThere are no accounts yet. Create the first administrator here, within 60 minutes:\n");
        println!("    {}{path}\n", public_url.as_str().trim_end_matches('/'));
    }
    clock::compare(&state).await.map_err(CliError::failed)?;
    tokio::spawn(clock::run(state.clone()));
    imported_hashes::look(&state).await.map_err(CliError::failed)?;
    tokio::spawn(imported_hashes::run(state.clone()));
    tokio::spawn(checkpoints::run(state.clone()));
    tokio::spawn(client_sessions::run(state.clone()));
    tokio::spawn(logout_deliveries::run(state.clone()));
    if let Some(transport) = transport {
        tokio::spawn(mails::run(state.clone(), transport));
    }
    tokio::spawn(housekeeping::run(state.clone()));
    tokio::spawn(providers::run(state.clone()));
    tokio::spawn(sync::run(state.clone()));
    let stop = told_to_stop()?.shared();
    let limits = Limits::for_open_files(raise_open_files());
    let proxies = state.config.trusted_proxies.clone();
    let server = Server::new(router(state), proxies, limits).with_tls(tls);
    let redirect = async {
        if let Some(listener) = redirect_listener {
            let limits = Limits { connections: limits.connections / 8, ..limits };
            Server::new(redirect_to_https(&public_url), Vec::new(), limits).run(listener, stop.clone()).await;
        }
    };
    tokio::join!(server.run(listener, stop.clone()), redirect);
    close(&store, CLOSE_GRACE).await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, CliError> {
    let listener = TcpListener::bind(addr).await;
    listener.map_err(|error| CliError::Failed(format!("can't listen on {addr}: {error}")))
}

/// Reads the certificate, if there is one, and keeps it current.
fn start_tls(config: &Config) -> Result<Option<TlsAcceptor>, CliError> {
    let Some(files) = config.tls.clone() else { return Ok(None) };
    let certificate = Certificate::load(files).map_err(|error| CliError::Usage(error.to_string()))?;
    let acceptor = certificate.acceptor().map_err(CliError::failed)?;
    tokio::spawn(certificate.keep_current());
    Ok(Some(acceptor))
}

/// Closes the database, unless it hangs.
pub async fn close(store: &Store, grace: Duration) {
    if timeout(grace, store.close()).await.is_err() {
        tracing::warn!("the database did not close within {grace:?} and is left as it is");
    }
}

/// Waits for a signal to stop.
fn told_to_stop() -> Result<impl Future<Output = ()>, CliError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::failed)?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping");
    })
}

/// Raises the limit of open files to what the system allows: the one that it begins with, often 1024, is meant for
/// programs that use `select`. Returns the limit.
pub fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}

/// Opens the program for a command that works beside a running server, and while none runs.
pub(super) async fn open_program(config: Config, entropy: Entropy) -> Result<Arc<AppState>, CliError> {
    let vault = open_vault(&config.secret, &entropy)?;
    let store = Store::open(&config.database_url).await?;
    let setting = config.secret.setting();
    AppState::open(config, store, vault, Clock::system(), entropy)
        .await
        .map_err(|error| CliError::from_start(error, setting))
}

/// What sends mails, if they are configured.
pub(super) fn open_transport(config: &Config) -> Result<Option<Transport>, CliError> {
    let Some(mail) = &config.mail else { return Ok(None) };
    let transport = Transport::new(mail, &config.public_url);
    transport.map(Some).map_err(|error| CliError::Usage(format!("LATCHKEY_MAIL_URL: {error}")))
}

pub(super) fn open_vault(source: &SecretSource, entropy: &Entropy) -> Result<Vault, CliError> {
    match source {
        SecretSource::Given(secrets) => Vault::new(secrets),
        SecretSource::File(path) => {
            let secrets = MasterSecret::read_or_create(path, entropy).map_err(|error| {
                CliError::Usage(format!("LATCHKEY_SECRET_FILE: {}: {error}", path.display()))
            })?;
            Vault::new(&secrets)
        }
    }
    .map_err(CliError::failed)
}
