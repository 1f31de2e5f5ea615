//! `latchkey serve`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::CliError;
use crate::server::{
    accounts::setup,
    clock::{Clock, Entropy},
    config::{Config, SecretSource},
    housekeeping,
    http::{router, routes::assets},
    secret::{MasterSecret, Vault},
    state::State,
    store::Store,
    sync,
};

/// How long requests under way may take after the program was told to stop.
const PATIENCE: Duration = Duration::from_secs(8);

/// Serves until told to stop.
pub async fn serve(config: Config) -> Result<(), CliError> {
    if !assets::are_present() {
        return Err(CliError::failed(
            "this program was built without its browser half; build it with `make build`",
        ));
    }
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let (addr, public_url) = (config.addr, config.public_url.clone());
    let entropy = Entropy::system();
    let vault = open_vault(&config.secret, &entropy)?;
    let store = Store::open(&config.database_url).await?;
    let state = State::start(config, store.clone(), vault, Clock::system(), entropy)
        .await
        .map_err(CliError::failed)?;
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|error| CliError::Failed(format!("can't listen on {addr}: {error}")))?;

    println!("Latchkey is ready: {public_url}");
    if let Some(path) = setup::offer(&state, state.now()).await.map_err(CliError::failed)? {
        println!("\nNobody has an account yet. Make the first administrator here, within 60 minutes:\n");
        println!("    {}{path}\n", public_url.as_str().trim_end_matches('/'));
    }
    tokio::spawn(housekeeping::run(state.clone()));
    tokio::spawn(sync::run(state.clone()));
    let outcome = run_until_told(listener, state).await;
    store.close().await;
    tracing::info!("stopped");
    outcome
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

/// Takes no new requests once told to stop, and waits for those under way, but not for ever.
async fn run_until_told(listener: TcpListener, state: Arc<State>) -> Result<(), CliError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::failed)?;
    let (stop, mut stopping) = watch::channel(false);
    let told = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping");
        let _ = stop.send(true);
    };
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(told);
    let out_of_patience = async {
        // An error means that the sender is gone, and the server with it.
        let _ = stopping.wait_for(|told| *told).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        outcome = server.into_future() => outcome.map_err(CliError::failed),
        () = out_of_patience => {
            tracing::warn!("requests were still under way after {PATIENCE:?}");
            Ok(())
        }
    }
}
