//! The key set: which keys sign, which still verify, and what others may see of them.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::error::{KeyRejected, Unspecified};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{DecodingKey, Header, jwk::JwkSet};

use super::{algorithm::Algorithm, claims::Claims, material::Material};
use crate::server::{
    clock::{Entropy, Timestamp},
    secret::{SealError, Vault},
    store::{
        Store, StoreError,
        signing_keys::{self, SigningKeyRecord},
    },
};

/// The media type of an access token (RFC 9068 §2.1).
pub const TYPE: &str = "at+jwt";

/// Why a signing key cannot be made, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a cryptographic function failed")]
    Crypto,
    #[error("a private key is malformed")]
    Rejected,
    #[error("the signing key {kid} can't be opened: {error}")]
    Sealed { kid: String, error: SealError },
    #[error("the signing key {kid} is of the unknown algorithm {algorithm:?}")]
    UnknownAlgorithm { kid: String, algorithm: String },
    #[error("no signing key is active")]
    NoneActive,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unspecified> for KeyError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl From<KeyRejected> for KeyError {
    fn from(_: KeyRejected) -> Self {
        Self::Rejected
    }
}

/// One key, opened.
pub struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    material: Material,
    pub verifying: DecodingKey,
    /// The token's first part, the same for every token of this key.
    header: String,
    activates_at: Timestamp,
    retires_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
}

impl Key {
    fn open(record: &SigningKeyRecord, vault: &Vault) -> Result<Self, KeyError> {
        let kid = record.kid.clone();
        let unknown = || KeyError::UnknownAlgorithm { kid: kid.clone(), algorithm: record.algorithm.clone() };
        let algorithm = Algorithm::parse(&record.algorithm).ok_or_else(unknown)?;
        let sealed = |error| KeyError::Sealed { kid: kid.clone(), error };
        let bytes = vault.open(&purpose(&record.kid), &record.sealed).map_err(sealed)?;
        let material = Material::parse(algorithm, &bytes)?;
        let mut header = Header::new(algorithm.jwt());
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(kid.clone());
        let header = serde_json::to_vec(&header).map_err(|_| KeyError::Crypto)?;
        Ok(Self {
            verifying: material.decoding_key()?,
            header: BASE64.encode(header),
            material,
            algorithm,
            activates_at: record.activates_at,
            retires_at: record.retires_at,
            gone_at: record.gone_at,
            kid,
        })
    }

    fn signs(&self, now: Timestamp) -> bool {
        self.activates_at <= now && self.retires_at.is_none_or(|retires_at| now < retires_at)
    }

    fn verifies(&self, now: Timestamp) -> bool {
        self.gone_at.is_none_or(|gone_at| now < gone_at)
    }
}

/// The keys of this program, opened, as of the last time they were read.
pub struct KeySet {
    keys: RwLock<Arc<HashMap<String, Arc<Key>>>>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySet")
    }
}

impl KeySet {
    /// Opens the stored keys; on the very first start makes one.
    pub async fn load_or_create(
        store: &Store,
        vault: &Vault,
        algorithm: Algorithm,
        now: Timestamp,
        entropy: &Entropy,
    ) -> Result<Self, KeyError> {
        let mut tx = store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        let mut records = signing_keys::live(&mut tx, now).await?;
        if records.is_empty() {
            let record = generate(algorithm, vault, now, entropy)?;
            signing_keys::insert(&mut tx, &record).await?;
            tx.commit().await?;
            tracing::info!(kid = record.kid, algorithm = %algorithm, "made the first signing key");
            records.push(record);
        }
        let keys =
            records.iter().map(|record| Key::open(record, vault).map(|key| (key.kid.clone(), Arc::new(key))));
        Ok(Self { keys: RwLock::new(Arc::new(keys.collect::<Result<_, _>>()?)) })
    }

    fn keys(&self) -> Arc<HashMap<String, Arc<Key>>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that signs: of those that may, the one that began last.
    fn active(&self, now: Timestamp) -> Result<Arc<Key>, KeyError> {
        let keys = self.keys();
        let signing = keys.values().filter(|key| key.signs(now));
        signing.max_by_key(|key| (key.activates_at, &key.kid)).cloned().ok_or(KeyError::NoneActive)
    }

    /// Whether a token can be signed now.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        self.active(now).is_ok()
    }

    /// The key of that name, if it still verifies.
    pub fn verifying(&self, kid: &str, now: Timestamp) -> Option<Arc<Key>> {
        self.keys().get(kid).filter(|key| key.verifies(now)).cloned()
    }

    /// Signs an access token.
    pub fn sign(&self, claims: &Claims, now: Timestamp, entropy: &Entropy) -> Result<String, KeyError> {
        let key = self.active(now)?;
        let claims = BASE64.encode(serde_json::to_vec(claims).map_err(|_| KeyError::Crypto)?);
        let message = format!("{}.{claims}", key.header);
        let signature = key.material.sign(message.as_bytes(), entropy.source())?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    /// The public key set (RFC 7517): every key that verifies or is about to. Empty with HS256.
    pub fn jwks(&self, now: Timestamp) -> JwkSet {
        let keys = self.keys();
        let mut published: Vec<_> = keys.values().filter(|key| key.verifies(now)).collect();
        published.sort_by(|a, b| (a.activates_at, &a.kid).cmp(&(b.activates_at, &b.kid)));
        let jwks = published.into_iter().filter_map(|key| {
            let mut jwk = key.material.public_jwk()?;
            jwk.common.key_id = Some(key.kid.clone());
            Some(jwk)
        });
        JwkSet { keys: jwks.collect() }
    }
}

fn generate(
    algorithm: Algorithm,
    vault: &Vault,
    now: Timestamp,
    entropy: &Entropy,
) -> Result<SigningKeyRecord, KeyError> {
    let (material, bytes) = Material::generate(algorithm, entropy)?;
    let kid = material.kid(entropy)?;
    let sealed = vault
        .seal(&purpose(&kid), &bytes, entropy)
        .map_err(|error| KeyError::Sealed { kid: kid.clone(), error })?;
    let public_jwk = material
        .public_jwk()
        .map(|jwk| serde_json::to_string(&jwk))
        .transpose()
        .map_err(|_| KeyError::Crypto)?;
    Ok(SigningKeyRecord {
        kid,
        algorithm: algorithm.as_str().to_owned(),
        public_jwk,
        sealed,
        created_at: now,
        activates_at: now,
        retires_at: None,
        gone_at: None,
    })
}

/// What the private key of that name is sealed for.
fn purpose(kid: &str) -> String {
    format!("signing key {kid}")
}
