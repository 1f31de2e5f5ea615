//! What every request shares.

use std::sync::Arc;

use super::{
    accounts::{attempts::Attempts, known_device::KnownDevices, password::Hasher},
    clock::{Clock, Entropy, Timestamp},
    config::Config,
    cursor::Cursors,
    error::Error,
    origin::{Context, Origin},
    secret::Vault,
    sessions::{
        confirm::{Confirmations, write_confirmations},
        refresh_token::RefreshKeys,
    },
    store::{Store, sealed_secrets, signing_keys},
    sync::Progress,
    tokens::{denylist::Denylist, keys::KeySet, manage::KeyManager, verify::VerifiedCache},
};

/// The program, running.
#[derive(Debug)]
pub struct State {
    pub config: Config,
    pub clock: Clock,
    pub entropy: Entropy,
    pub store: Store,
    pub vault: Vault,
    pub keys: KeySet,
    pub verified: VerifiedCache,
    pub denylist: Denylist,
    pub refresh_keys: RefreshKeys,
    pub passwords: Hasher,
    pub attempts: Attempts,
    pub known_devices: KnownDevices,
    pub cursors: Cursors,
    pub confirmations: Confirmations,
    pub progress: Progress,
}

impl State {
    /// Opens the keys, making the first if there is none, and loads what is kept in memory. Must be called within the
    /// async runtime: it starts the task that writes confirmations.
    pub async fn start(
        config: Config,
        store: Store,
        vault: Vault,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, Error> {
        let now = clock.now();
        let keys = open_keys(&config, &store, &vault, &entropy, now).await?;
        let refresh_keys = refresh_keys(&store, &vault, &entropy).await?;
        let denylist = Denylist::load(&store, now).await?;
        let passwords = Hasher::new(&config.passwords)?;
        let attempts = Attempts::new(config.rate_limit, clock.clone());
        let known_devices = KnownDevices::new(&*refresh_keys.derive("latchkey known device")?);
        let cursors = Cursors::new(&*refresh_keys.derive("latchkey cursor")?);
        let (confirmations, queue) = Confirmations::channel();
        tokio::spawn(write_confirmations(store.clone(), queue));
        let verified = VerifiedCache::default();
        Ok(Arc::new(Self {
            config,
            clock,
            entropy,
            store,
            vault,
            keys,
            verified,
            denylist,
            refresh_keys,
            passwords,
            attempts,
            known_devices,
            cursors,
            confirmations,
            progress: Progress::default(),
        }))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Opens the stored keys, or fails before anything is changed.
async fn open_keys(
    config: &Config,
    store: &Store,
    vault: &Vault,
    entropy: &Entropy,
    now: Timestamp,
) -> Result<KeySet, Error> {
    let mut reader = store.read().await?;
    KeySet::open(&signing_keys::all(&mut reader).await?, vault, now)?;
    drop(reader);
    let origin = Origin::program();
    let manager = KeyManager { store, vault, config: &config.tokens, entropy };
    if let Some(reason) = manager.keep_current(Context { now, origin: &origin }).await? {
        tracing::info!(reason = reason.as_str(), algorithm = %config.tokens.algorithm, "made a signing key");
    }
    let mut reader = store.read().await?;
    Ok(KeySet::open(&signing_keys::all(&mut reader).await?, vault, now)?)
}

const REFRESH_KEY: &str = "refresh tokens";

/// Opens the key of the refresh tokens; on the very first start makes it.
async fn refresh_keys(store: &Store, vault: &Vault, entropy: &Entropy) -> Result<RefreshKeys, Error> {
    let mut tx = store.begin().await?;
    let fresh = entropy.bytes::<{ RefreshKeys::KEY_LENGTH }>()?;
    let sealed = vault.seal(REFRESH_KEY, &fresh, entropy)?;
    sealed_secrets::insert_if_missing(&mut tx, REFRESH_KEY, &sealed).await?;
    let stored = sealed_secrets::get(&mut tx, REFRESH_KEY).await?.unwrap_or(sealed);
    tx.commit().await?;
    let opened = vault.open(REFRESH_KEY, &stored)?;
    let key = opened
        .as_slice()
        .try_into()
        .map_err(|_| Error::Fault("the key of the refresh tokens has another length".to_owned()))?;
    Ok(RefreshKeys::new(key))
}
