//! The key set: which keys sign, which still verify, and what others may see of them.

use std::{
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
    store::{StoreError, signing_keys::SigningKeyRecord},
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

    /// Signs an access token.
    pub fn sign(&self, claims: &Claims, entropy: &Entropy) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Crypto)?;
        self.sign_parts(&self.header, &BASE64.encode(claims), entropy)
    }

    fn sign_parts(&self, header: &str, claims: &str, entropy: &Entropy) -> Result<String, KeyError> {
        let message = format!("{header}.{claims}");
        let signature = self.material.sign(message.as_bytes(), entropy.source())?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    /// Signs whatever it is given, which only a test does.
    #[cfg(test)]
    pub fn sign_anything(&self, header: &str, claims: &str) -> String {
        self.sign_parts(&BASE64.encode(header), &BASE64.encode(claims), &Entropy::system()).unwrap()
    }

    /// The private key, parsed.
    #[cfg(test)]
    pub fn material(&self) -> &Material {
        &self.material
    }

    fn verifies(&self, now: Timestamp) -> bool {
        self.gone_at.is_none_or(|gone_at| now < gone_at)
    }
}

impl SigningKeyRecord {
    /// Whether it signs at `now`, if no other key began later.
    pub fn may_sign(&self, now: Timestamp) -> bool {
        self.activates_at <= now && self.retires_at.is_none_or(|retires_at| now < retires_at)
    }

    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }
}

/// The keys of this program that are not gone, opened, as of the last time they were read.
pub struct KeySet {
    /// In the order in which they sign.
    keys: RwLock<Arc<Vec<Arc<Key>>>>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().iter().map(|key| &key.kid)).finish()
    }
}

impl KeySet {
    pub fn open(records: &[SigningKeyRecord], vault: &Vault, now: Timestamp) -> Result<Self, KeyError> {
        Ok(Self { keys: RwLock::new(Arc::new(open_all(records, vault, now)?)) })
    }

    /// Takes over what is stored now. If a key cannot be opened, everything stays as it was. Returns whether a key is
    /// gone: what was verified with it must be verified again.
    pub fn replace(
        &self,
        records: &[SigningKeyRecord],
        vault: &Vault,
        now: Timestamp,
    ) -> Result<bool, KeyError> {
        let opened = open_all(records, vault, now)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let lost = keys.iter().any(|old| !opened.iter().any(|new| new.kid == old.kid));
        *keys = Arc::new(opened);
        Ok(lost)
    }

    fn keys(&self) -> Arc<Vec<Arc<Key>>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that signs: of those that may, the one that began last.
    pub fn active(&self, now: Timestamp) -> Result<Arc<Key>, KeyError> {
        let keys = self.keys();
        let signs = |key: &&Arc<Key>| {
            key.activates_at <= now && key.retires_at.is_none_or(|retires_at| now < retires_at)
        };
        keys.iter().rev().find(signs).cloned().ok_or(KeyError::NoneActive)
    }

    /// The key of that name, if it still verifies.
    pub fn verifying(&self, kid: &str, now: Timestamp) -> Option<Arc<Key>> {
        self.keys().iter().find(|key| key.kid == kid && key.verifies(now)).cloned()
    }

    /// The public key set (RFC 7517): every key that verifies or is about to. Empty with HS256.
    pub fn jwks(&self, now: Timestamp) -> JwkSet {
        let keys = self.keys();
        let jwks = keys.iter().filter(|key| key.verifies(now)).filter_map(|key| {
            let mut jwk = key.material.public_jwk()?;
            jwk.common.key_id = Some(key.kid.clone());
            Some(jwk)
        });
        JwkSet { keys: jwks.collect() }
    }
}

fn open_all(records: &[SigningKeyRecord], vault: &Vault, now: Timestamp) -> Result<Vec<Arc<Key>>, KeyError> {
    let live = records.iter().filter(|record| !record.is_gone(now));
    live.map(|record| Key::open(record, vault).map(Arc::new)).collect()
}

/// What the private key of that name is sealed for.
pub fn purpose(kid: &str) -> String {
    format!("signing key {kid}")
}
