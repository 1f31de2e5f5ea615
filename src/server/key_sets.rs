//! The public keys of others, in this node's memory: of providers, of clients that sign and of services that tokens are encrypted for.
//!
//! A key that is not known is asked for, once a minute at the most: anybody can make up the name of a key. A set is read
//! anew after an hour, so that a key that its owner takes back is not believed for longer. An owner that does not answer
//! then keeps the keys that it had. One of whom no key is known is asked again sooner: somebody waits, and what they hold
//! may be good for a minute only.

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
    tokens::jwe::encryption_key::EncryptionKey,
};

/// How long is waited before a set is asked for once more.
pub const PAUSE: Duration = Duration::from_secs(60);
/// The same where nothing is known yet.
pub const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// Most keys of a set that are looked at: each may be tried with what a stranger sends.
const MAX_KEYS: usize = 100;
/// For how long keys are believed without asking.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// Why keys are not known.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    #[error("the key set could not be read: {0}")]
    Fetch(#[from] FetchError),
    #[error("the key set was answered with {0}, or is none")]
    Answer(u16),
    #[error("the key set was asked for a short while ago")]
    Lately,
    #[error("there is no key set")]
    None,
}

/// Where a key set is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub address: &'a str,
    pub reach: Reach,
}

/// The keys of a set.
#[derive(Debug)]
pub struct KeySet {
    /// Those that may have signed.
    pub signing: JwkSet,
    /// The first one that tokens can be encrypted with, as a JWK. One that says it is for that comes first.
    pub encrypting: Option<String>,
}

/// All key sets that were asked for, and what calls their owners.
#[derive(Debug)]
pub struct KeySets {
    clock: Clock,
    /// Made when it is needed: most installations call nobody.
    fetcher: OnceCell<Fetcher>,
    /// By address and by what may be reached: who may not call an address keeps nobody waiting who may.
    known: Mutex<HashMap<(String, Reach), Shared>>,
}

/// What whoever asks for a set waits for.
type Shared = Arc<tokio::sync::Mutex<Known>>;

/// What is known of one set.
#[derive(Debug, Default)]
struct Known {
    keys: Option<Arc<KeySet>>,
    /// When it was last asked for.
    asked_at: Option<Duration>,
    /// When it was last asked for because its owner had named a key that is not known.
    named_at: Option<Duration>,
}

impl KeySets {
    pub fn new(clock: Clock) -> Self {
        Self { clock, fetcher: OnceCell::new(), known: Mutex::default() }
    }

    /// What calls others.
    pub async fn fetcher(&self) -> Result<&Fetcher, FetchError> {
        self.fetcher.get_or_try_init(async || Fetcher::new()).await
    }

    /// The keys that are there, asked for if they are not known or old.
    pub async fn get(&self, place: Place<'_>) -> Result<Arc<KeySet>, NoKeys> {
        let known = self.known(place);
        let mut known = known.lock().await;
        let is_fresh = known.asked_at.is_some_and(|at| self.clock.elapsed() < at + MAX_AGE);
        match &known.keys {
            Some(keys) if is_fresh => Ok(keys.clone()),
            _ => self.ask_or_keep(place, &mut known).await,
        }
    }

    /// The keys that are there now that something was signed with one that is not known; or those that are known, if they
    /// were asked for a short while ago.
    pub async fn get_newer(&self, place: Place<'_>) -> Result<Arc<KeySet>, NoKeys> {
        let known = self.known(place);
        let mut known = known.lock().await;
        self.ask_or_keep(place, &mut known).await
    }

    /// The same where it is the owner that has just named the key, and no stranger who may have made it up: some make a key when
    /// they sign for the first time. So it counts for itself how long ago that was done.
    pub async fn get_newer_of_owner(&self, place: Place<'_>) -> Result<Arc<KeySet>, NoKeys> {
        let known = self.known(place);
        let mut known = known.lock().await;
        let now = self.clock.elapsed();
        if known.named_at.is_none_or(|at| at + PAUSE <= now) {
            known.named_at = Some(now);
            known.asked_at = None;
        }
        self.ask_or_keep(place, &mut known).await
    }

    /// The keys that are there now and no others: for what is to be sent again if nobody can say whose it is.
    pub async fn get_current(&self, place: Place<'_>) -> Result<Arc<KeySet>, NoKeys> {
        let known = self.known(place);
        let mut known = known.lock().await;
        self.ask(place, &mut known).await
    }

    fn known(&self, Place { address, reach }: Place<'_>) -> Shared {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry((address.to_owned(), reach)).or_default().clone()
    }

    async fn ask_or_keep(&self, place: Place<'_>, known: &mut Known) -> Result<Arc<KeySet>, NoKeys> {
        match self.ask(place, known).await {
            Ok(keys) => Ok(keys),
            Err(error) => known.keys.clone().ok_or(error),
        }
    }

    /// Asks for the keys, unless that was done a short while ago.
    async fn ask(&self, place: Place<'_>, known: &mut Known) -> Result<Arc<KeySet>, NoKeys> {
        let pause = if known.keys.is_some() { PAUSE } else { FIRST_PAUSE };
        if known.asked_at.is_some_and(|at| self.clock.elapsed() < at + pause) {
            return Err(NoKeys::Lately);
        }
        // Before the question, which whoever asks may give up; and after the answer, so that whoever has waited for one that
        // did not come does not wait for the next.
        known.asked_at = Some(self.clock.elapsed());
        let answer = self.fetch(place).await;
        known.asked_at = Some(self.clock.elapsed());
        match answer {
            Ok(keys) => Ok(known.keys.insert(Arc::new(keys)).clone()),
            Err(error) => {
                tracing::warn!(address = place.address, %error, "a key set could not be read");
                Err(error)
            }
        }
    }

    async fn fetch(&self, Place { address, reach }: Place<'_>) -> Result<KeySet, NoKeys> {
        let answer = self.fetcher().await?.get(address, reach, Credential::None).await?;
        let status = answer.status.as_u16();
        if status == 200 {
            parse(&answer.body).ok_or(NoKeys::Answer(status))
        } else {
            Err(NoKeys::Answer(status))
        }
    }
}

/// Where a provider's keys are.
pub fn of_provider(provider: &Provider) -> Result<Place<'_>, NoKeys> {
    let address = provider.metadata.jwks_uri.as_deref().ok_or(NoKeys::None)?;
    Ok(Place { address, reach: reach(provider) })
}

/// Where a provider may be.
pub fn reach(provider: &Provider) -> Reach {
    if provider.private_address { Reach::Private } else { Reach::Public }
}

/// Where the keys of a client or of a service are, if what was registered in their place is an address.
pub fn registered(text: &str) -> Option<Place<'_>> {
    let is_address = text.starts_with("https://") || text.starts_with("http://");
    is_address.then_some(Place { address: text, reach: Reach::Registered })
}

/// Reads a key set. A key of a kind that is not known here is left out, as RFC 7517 §5 wants it.
pub fn parse(body: &[u8]) -> Option<KeySet> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Value>,
    }
    let Keys { mut keys } = serde_json::from_slice(body).ok()?;
    keys.truncate(MAX_KEYS);
    let mut encrypting: Vec<_> = keys.iter().filter(|key| encrypts(key)).collect();
    encrypting.sort_by_key(|key| key.get("use").is_none());
    let encrypting = encrypting.first().map(ToString::to_string);
    let keys = keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()).collect();
    Some(KeySet { signing: JwkSet { keys }, encrypting })
}

/// Whether tokens can be encrypted with it. Signing keys mostly say that they are for that, by `use` or by `alg`.
fn encrypts(key: &Value) -> bool {
    EncryptionKey::register(&key.to_string()).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_set_so_many_keys_are_looked_at_and_no_more() {
        let key = json!({ "kty": "EC", "crv": "P-256", "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck" });
        let set = json!({ "keys": vec![key; MAX_KEYS + 1] });
        assert_eq!(parse(set.to_string().as_bytes()).unwrap().signing.keys.len(), MAX_KEYS);
    }
}
