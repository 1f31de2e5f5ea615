//! What every request shares.

use std::sync::Arc;

use super::{
    accounts::password::Hasher,
    clock::{Clock, Entropy, Timestamp},
    config::Config,
    error::Error,
    secret::Vault,
    sessions::{
        confirm::{Confirmations, write_confirmations},
        refresh_token::RefreshKeys,
    },
    store::{Store, sealed_secrets},
    tokens::{denylist::Denylist, keys::KeySet, verify::VerifiedCache},
};

/// The program, running.
#[derive(Debug)]
pub struct State {
    pub config: Config,
    pub clock: Clock,
    pub entropy: Entropy,
    pub store: Store,
    pub keys: KeySet,
    pub verified: VerifiedCache,
    pub denylist: Denylist,
    pub refresh_keys: RefreshKeys,
    pub passwords: Hasher,
    pub confirmations: Confirmations,
}

impl State {
    /// Opens the keys and loads what is kept in memory. Must be called within the async runtime: it starts the task
    /// that writes confirmations.
    pub async fn start(
        config: Config,
        store: Store,
        vault: &Vault,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, Error> {
        let now = clock.now();
        let keys = KeySet::load_or_create(&store, vault, config.tokens.algorithm, now, &entropy).await?;
        let refresh_keys = refresh_keys(&store, vault, &entropy).await?;
        let denylist = Denylist::load(&store, now).await?;
        let passwords = Hasher::new(&config.passwords)?;
        let (confirmations, queue) = Confirmations::channel();
        tokio::spawn(write_confirmations(store.clone(), queue));
        let verified = VerifiedCache::default();
        Ok(Arc::new(Self {
            config,
            clock,
            entropy,
            store,
            keys,
            verified,
            denylist,
            refresh_keys,
            passwords,
            confirmations,
        }))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
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
