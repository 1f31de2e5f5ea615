//! The public keys of providers, in this node's memory.
//!
//! A key that is not known is asked for, once a minute at the most: anybody can make up the name of a key. A set is read
//! anew after an hour, so that a key that a provider takes back is not believed for longer. A provider that does not answer
//! then keeps the keys that it had.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{
    clock::Clock,
    fetch::{Credential, FetchError, Fetcher, Reach},
    store::upstream_providers::Provider,
};
use crate::model::id::ProviderId;

/// How long is waited before a provider is asked for its keys once more.
pub const PAUSE: Duration = Duration::from_secs(60);
/// For how long keys are believed without asking.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// Why a provider's keys are not known.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    #[error("the key set could not be read: {0}")]
    Fetch(#[from] FetchError),
    #[error("the key set was answered with {0}, or is none")]
    Answer(u16),
    #[error("the key set could not be read a short while ago")]
    Lately,
    #[error("the provider has no key set")]
    None,
}

/// The keys of all providers, and what calls them.
#[derive(Debug)]
pub struct ProviderKeys {
    clock: Clock,
    /// Made when it is needed: most installations have no provider.
    fetcher: OnceCell<Fetcher>,
    known: Mutex<HashMap<ProviderId, Arc<tokio::sync::Mutex<Known>>>>,
}

/// What is known of one provider's keys.
#[derive(Debug, Default)]
struct Known {
    keys: Option<Arc<JwkSet>>,
    /// When they were last asked for.
    asked_at: Option<Duration>,
}

impl ProviderKeys {
    pub fn new(clock: Clock) -> Self {
        Self { clock, fetcher: OnceCell::new(), known: Mutex::default() }
    }

    /// What calls providers.
    pub async fn fetcher(&self) -> Result<&Fetcher, FetchError> {
        self.fetcher.get_or_try_init(async || Fetcher::new()).await
    }

    /// The keys of a provider, asked for if they are not known or old.
    pub async fn get(&self, provider: &Provider) -> Result<Arc<JwkSet>, NoKeys> {
        let known = self.known(&provider.id);
        let mut known = known.lock().await;
        let is_fresh = known.asked_at.is_some_and(|at| self.clock.elapsed() < at + MAX_AGE);
        match &known.keys {
            Some(keys) if is_fresh => Ok(keys.clone()),
            _ => self.ask(provider, &mut known).await,
        }
    }

    /// The keys of a provider that has signed with one that is not known.
    pub async fn get_newer(&self, provider: &Provider) -> Result<Arc<JwkSet>, NoKeys> {
        let known = self.known(&provider.id);
        let mut known = known.lock().await;
        self.ask(provider, &mut known).await
    }

    fn known(&self, id: &ProviderId) -> Arc<tokio::sync::Mutex<Known>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(id.clone()).or_default().clone()
    }

    /// Asks for the keys, unless that was done a short while ago.
    async fn ask(&self, provider: &Provider, known: &mut Known) -> Result<Arc<JwkSet>, NoKeys> {
        let now = self.clock.elapsed();
        if known.asked_at.is_some_and(|at| now < at + PAUSE) {
            return known.keys.clone().ok_or(NoKeys::Lately);
        }
        known.asked_at = Some(now);
        match self.fetch(provider).await {
            Ok(keys) => Ok(known.keys.insert(Arc::new(keys)).clone()),
            Err(error) => {
                tracing::warn!(provider = %provider.slug, %error, "the keys of a provider could not be read");
                known.keys.clone().ok_or(error)
            }
        }
    }

    async fn fetch(&self, provider: &Provider) -> Result<JwkSet, NoKeys> {
        let address = provider.metadata.jwks_uri.as_deref().ok_or(NoKeys::None)?;
        let answer = self.fetcher().await?.get(address, reach(provider), Credential::None).await?;
        let status = answer.status.as_u16();
        if status == 200 {
            parse(&answer.body).ok_or(NoKeys::Answer(status))
        } else {
            Err(NoKeys::Answer(status))
        }
    }
}

/// Where a provider may be.
pub fn reach(provider: &Provider) -> Reach {
    if provider.private_address { Reach::Private } else { Reach::Public }
}

/// Reads a key set. A key of a kind that is not known here is left out, as RFC 7517 §5 wants it.
fn parse(body: &[u8]) -> Option<JwkSet> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Value>,
    }
    let Keys { keys } = serde_json::from_slice(body).ok()?;
    let keys = keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()).collect();
    Some(JwkSet { keys })
}
