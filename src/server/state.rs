//! The composition root: everything that a running program shares. Nothing below it knows it.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{
    client_info::{ActionContext, ClientInfo, request_ids::RequestIds},
    clock::{Clock, Timestamp},
    cluster::Progress,
    config::Config,
    crypto::{entropy::Entropy, sealing::SealingKey, vault::Vault},
    cursor::Cursors,
    error::Error,
    grants::Grants,
    key_sets::KeySets,
    keys::{key_set::KeySet, manage::KeyManager},
    passwords::hasher::Hasher,
    rate_limit::{RateLimiter, device_cookies::DeviceCookies},
    readiness::Readiness,
    store::{Store, loader::Loader, sealed_secrets, signing_keys},
    tokens::{
        access::AccessTokens,
        authorization_code::Codes,
        denylist::Denylist,
        refresh::{
            confirm::Confirmations,
            group::{Refreshes, Rules},
            salts::Salts,
            token::RefreshKeys,
        },
    },
    webauthn::relying_party::RelyingParty,
};

/// The program, running.
#[derive(Debug)]
pub struct AppState {
    pub config: Config,
    pub clock: Clock,
    pub entropy: Entropy,
    pub store: Store,
    /// Accounts, sessions and clients by id, for whatever only reads.
    pub loader: Loader,
    pub vault: Vault,
    pub tokens: AccessTokens,
    pub refresh_keys: RefreshKeys,
    pub refreshes: Refreshes,
    pub salts: Arc<Salts>,
    /// Makes authorization codes, and knows them again.
    pub codes: Codes,
    /// What apps ask for in the name of people.
    pub grants: Grants,
    pub confirmations: Confirmations,
    pub passwords: Hasher,
    pub rate_limiter: Arc<RateLimiter>,
    pub device_cookies: DeviceCookies,
    pub cursors: Cursors,
    /// Seals who is half signed in.
    pub attempts: SealingKey,
    /// Seals what passkeys are asked for.
    pub ceremonies: SealingKey,
    /// Who asks for passkeys.
    pub relying_party: RelyingParty,
    pub progress: Progress,
    pub request_ids: RequestIds,
    pub readiness: Readiness,
    /// Keys of the providers through which people come in.
    pub key_sets: KeySets,
    /// Woken when apps must be told that a session has ended.
    pub logout_deliveries: Notify,
    /// Woken when there are mails to send.
    pub mails: Notify,
}

impl AppState {
    /// Starts a server: makes a signing key if one is due, and opens the program. Nothing is changed if a stored key
    /// cannot be opened.
    pub async fn start(
        config: Config,
        store: Store,
        vault: Vault,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, Error> {
        let now = clock.now();
        open_keys(&store, &vault, now).await?;
        let client = ClientInfo::program();
        let manager = KeyManager { store: &store, vault: &vault, config: &config.tokens, entropy: &entropy };
        if let Some(reason) = manager.rotate_at_start(ActionContext { now, client: &client }).await? {
            tracing::info!(reason = reason.as_str(), algorithm = %config.tokens.algorithm, "made a signing key");
        }
        Self::open(config, store, vault, clock, entropy).await
    }

    /// Opens the program as a command does, which may run with other settings than the server: it makes no signing key.
    /// Must be called within the async runtime: it starts the tasks that read and write for many requests at once.
    pub async fn open(
        config: Config,
        store: Store,
        vault: Vault,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, Error> {
        let now = clock.now();
        let keys = open_keys(&store, &vault, now).await?;
        let tokens = AccessTokens::new(config.tokens.clone(), keys, Denylist::load(&store, now).await?);
        let refresh_keys = refresh_keys(&store, &vault, &entropy).await?;
        let rules = Rules {
            keys: refresh_keys.clone(),
            sessions: config.sessions,
            access_ttl: config.tokens.access_ttl,
        };
        let codes = Codes::new(&*refresh_keys.derive("latchkey authorization code")?);
        let salts = Arc::new(Salts::default());
        let rate_limiter = Arc::new(RateLimiter::new(config.rate_limit, clock.clone()));
        let (confirmations, writer) = Confirmations::channel();
        tokio::spawn(writer.run(store.clone()));
        Ok(Arc::new(Self {
            tokens,
            confirmations,
            refreshes: Refreshes::start(store.clone(), rules, salts.clone()),
            salts,
            grants: Grants::start(&store, &config, &refresh_keys, &codes, &entropy, &rate_limiter),
            codes,
            passwords: Hasher::new(&config.passwords, clock.clone())?,
            rate_limiter,
            device_cookies: DeviceCookies::new(&*refresh_keys.derive("latchkey known device")?),
            attempts: SealingKey::new(&*refresh_keys.derive("latchkey sign-in attempt")?)?,
            ceremonies: SealingKey::new(&*refresh_keys.derive("latchkey passkey ceremony")?)?,
            relying_party: RelyingParty::at(&config.public_url),
            cursors: Cursors::new(&*refresh_keys.derive("latchkey cursor")?),
            progress: Progress::default(),
            request_ids: RequestIds::default(),
            loader: Loader::start(store.clone()),
            readiness: Readiness::default(),
            key_sets: KeySets::new(clock.clone()),
            logout_deliveries: Notify::new(),
            mails: Notify::new(),
            refresh_keys,
            config,
            clock,
            entropy,
            store,
            vault,
        }))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the signing keys anew.
    pub async fn reload_keys(&self) -> Result<(), Error> {
        let mut reader = self.store.read().await?;
        let records = signing_keys::all(&mut reader).await?;
        self.tokens.keys.replace(&records, &self.vault, self.now());
        Ok(())
    }

    pub fn key_manager(&self) -> KeyManager<'_> {
        KeyManager {
            store: &self.store,
            vault: &self.vault,
            config: &self.config.tokens,
            entropy: &self.entropy,
        }
    }
}

async fn open_keys(store: &Store, vault: &Vault, now: Timestamp) -> Result<KeySet, Error> {
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
        .map_err(|_| Error::Internal("the key of the refresh tokens has another length".to_owned()))?;
    Ok(RefreshKeys::new(key))
}
