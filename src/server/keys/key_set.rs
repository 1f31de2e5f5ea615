//! The key set: which keys sign, which still verify, and what others may see of them.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{DecodingKey, Header, jwk::JwkSet};
use serde::Serialize;

use super::{error::KeyError, line::KeyLine, paserk::Paserk, private_key::PrivateKey};
use crate::server::{
    clock::Timestamp,
    crypto::{algorithm::Algorithm, entropy::Entropy, vault::Vault},
    store::signing_keys::SigningKeyRecord,
};

/// The media type of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// One key, opened.
pub struct SigningKey {
    pub kid: String,
    pub line: KeyLine,
    pub algorithm: Algorithm,
    private: Arc<PrivateKey>,
    pub verifying: DecodingKey,
    /// The first part of an access token, the same for every one of this key.
    access_token_header: String,
    /// How PASETO names it, if it signs such tokens.
    paserk: Option<Paserk>,
    activates_at: Timestamp,
    retires_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
}

impl SigningKey {
    fn open(record: &SigningKeyRecord, vault: &Vault) -> Result<Self, KeyError> {
        let kid = record.kid.clone();
        let unknown = || KeyError::UnknownAlgorithm { kid: kid.clone(), algorithm: record.algorithm.clone() };
        let algorithm = Algorithm::parse(&record.algorithm).ok_or_else(unknown)?;
        let line = KeyLine::of(record)
            .ok_or_else(|| KeyError::UnknownPurpose { kid: kid.clone(), purpose: record.purpose.clone() })?;
        let sealed = |error| KeyError::Sealed { kid: kid.clone(), error };
        let bytes = vault.open(&purpose(&record.kid), &record.sealed).map_err(sealed)?;
        let private = PrivateKey::parse(algorithm, &bytes)?;
        let public = private.ed25519_public().filter(|_| line == KeyLine::Paseto);
        Ok(Self {
            paserk: public.as_ref().map(Paserk::of),
            verifying: private.decoding_key()?,
            access_token_header: header(algorithm, &kid, ACCESS_TOKEN_TYPE)?,
            private: Arc::new(private),
            line,
            algorithm,
            activates_at: record.activates_at,
            retires_at: record.retires_at,
            gone_at: record.gone_at,
            kid,
        })
    }

    /// The same key with the times that are stored now.
    fn with_times(&self, record: &SigningKeyRecord) -> Self {
        Self {
            kid: self.kid.clone(),
            line: self.line,
            algorithm: self.algorithm,
            private: self.private.clone(),
            verifying: self.verifying.clone(),
            access_token_header: self.access_token_header.clone(),
            paserk: self.paserk.clone(),
            activates_at: record.activates_at,
            retires_at: record.retires_at,
            gone_at: record.gone_at,
        }
    }

    /// Signs a token of the type `typ` (RFC 7515 §4.1.9), which keeps one kind of token from passing for another
    /// (RFC 8725 §3.11).
    pub fn sign(
        &self,
        typ: &'static str,
        claims: &impl Serialize,
        entropy: &Entropy,
    ) -> Result<String, KeyError> {
        let claims = BASE64.encode(serde_json::to_vec(claims).map_err(|_| KeyError::Crypto)?);
        if typ == ACCESS_TOKEN_TYPE {
            return self.sign_parts(&self.access_token_header, &claims, entropy);
        }
        self.sign_parts(&header(self.algorithm, &self.kid, typ)?, &claims, entropy)
    }

    fn sign_parts(&self, header: &str, claims: &str, entropy: &Entropy) -> Result<String, KeyError> {
        let message = format!("{header}.{claims}");
        let signature = self.private.sign(message.as_bytes(), entropy.source())?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    /// Signs bytes that another format than the JWT has put together.
    pub fn sign_message(&self, message: &[u8], entropy: &Entropy) -> Result<Vec<u8>, KeyError> {
        self.private.sign(message, entropy.source())
    }

    /// How PASETO names it.
    pub fn paserk(&self) -> Option<&Paserk> {
        self.paserk.as_ref()
    }

    pub fn ed25519_public(&self) -> Option<[u8; 32]> {
        self.private.ed25519_public()
    }

    /// Signs whatever it is given, which only a test does.
    #[cfg(test)]
    pub fn sign_anything(&self, header: &str, claims: &str) -> String {
        self.sign_parts(&BASE64.encode(header), &BASE64.encode(claims), &Entropy::system()).unwrap()
    }

    /// The private key, parsed.
    #[cfg(test)]
    pub fn private(&self) -> &PrivateKey {
        &self.private
    }

    fn verifies(&self, now: Timestamp) -> bool {
        self.gone_at.is_none_or(|gone_at| now < gone_at)
    }
}

/// The first part of a token.
fn header(algorithm: Algorithm, kid: &str, typ: &str) -> Result<String, KeyError> {
    let mut header = Header::new(algorithm.jwt());
    header.typ = Some(typ.to_owned());
    header.kid = Some(kid.to_owned());
    Ok(BASE64.encode(serde_json::to_vec(&header).map_err(|_| KeyError::Crypto)?))
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
    opened: RwLock<Arc<Opened>>,
    /// Held by whoever makes the first key of a line: many who need it at once make one.
    pub first_key: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Opened {
    /// In the order in which they sign.
    keys: Vec<Arc<SigningKey>>,
    /// Names of those that are stored and could not be opened.
    missing: Vec<String>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.opened().keys.iter().map(|key| &key.kid)).finish()
    }
}

impl KeySet {
    /// Opens all keys, or none.
    pub fn open(records: &[SigningKeyRecord], vault: &Vault, now: Timestamp) -> Result<Self, KeyError> {
        let keys = live(records, now).map(|record| SigningKey::open(record, vault).map(Arc::new));
        let opened = Opened { keys: keys.collect::<Result<_, _>>()?, missing: Vec::new() };
        Ok(Self { opened: RwLock::new(Arc::new(opened)), first_key: tokio::sync::Mutex::default() })
    }

    /// Takes over what is stored now. What is gone goes in any case. What cannot be opened, because the master secret is
    /// being changed, is left out, unless it was opened before: a key never changes.
    pub fn replace(&self, records: &[SigningKeyRecord], vault: &Vault, now: Timestamp) {
        let before = self.opened();
        let mut opened = Opened::default();
        for record in live(records, now) {
            let known = || before.keys.iter().find(|key| key.kid == record.kid);
            match (SigningKey::open(record, vault), known()) {
                (Ok(key), _) => opened.keys.push(Arc::new(key)),
                (Err(error), Some(known)) => {
                    tracing::error!(%error, "this node could not start again with its master secret");
                    opened.keys.push(Arc::new(known.with_times(record)));
                }
                (Err(error), None) => {
                    tracing::error!(%error, "a signing key is left out");
                    opened.missing.push(record.kid.clone());
                }
            }
        }
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(opened);
    }

    fn opened(&self) -> Arc<Opened> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether every stored key could be opened. If not, tokens of others may be refused here.
    pub fn is_complete(&self) -> bool {
        self.opened().missing.is_empty()
    }

    /// The key of a line that signs: of those that may, the one that began last.
    pub fn active(&self, line: KeyLine, now: Timestamp) -> Result<Arc<SigningKey>, KeyError> {
        let opened = self.opened();
        let signs = |key: &&Arc<SigningKey>| {
            key.line == line
                && key.activates_at <= now
                && key.retires_at.is_none_or(|retires_at| now < retires_at)
        };
        opened.keys.iter().rev().find(signs).cloned().ok_or(KeyError::NoneActive)
    }

    /// The key of that name, whatever it signs, if it still verifies.
    pub fn verifying(&self, kid: &str, now: Timestamp) -> Option<Arc<SigningKey>> {
        self.opened().keys.iter().find(|key| key.kid == kid && key.verifies(now)).cloned()
    }

    /// The key that signs PASETO tokens and is named so in their footer, if it still verifies.
    pub fn verifying_paseto(&self, kid: &str, now: Timestamp) -> Option<Arc<SigningKey>> {
        let is_it = |key: &&Arc<SigningKey>| key.paserk().is_some_and(|paserk| paserk.kid == kid);
        self.opened().keys.iter().find(|key| is_it(key) && key.verifies(now)).cloned()
    }

    /// The public keys of PASETO tokens: each that verifies or is about to.
    pub fn paserks(&self, now: Timestamp) -> Vec<Paserk> {
        let opened = self.opened();
        opened.keys.iter().filter(|key| key.verifies(now)).filter_map(|key| key.paserk().cloned()).collect()
    }

    /// The public key set (RFC 7517): every key that verifies or is about to, of all lines of JWTs. A key of HS256 is never
    /// in it.
    pub fn jwks(&self, now: Timestamp) -> JwkSet {
        let opened = self.opened();
        let signs_jwts = |key: &&Arc<SigningKey>| key.line != KeyLine::Paseto && key.verifies(now);
        let jwks = opened.keys.iter().filter(signs_jwts).filter_map(|key| {
            let mut jwk = key.private.public_jwk()?;
            jwk.common.key_id = Some(key.kid.clone());
            Some(jwk)
        });
        JwkSet { keys: jwks.collect() }
    }
}

fn live(records: &[SigningKeyRecord], now: Timestamp) -> impl Iterator<Item = &SigningKeyRecord> {
    records.iter().filter(move |record| !record.is_gone(now))
}

/// What the private key of that name is sealed for.
pub fn purpose(kid: &str) -> String {
    format!("signing key {kid}")
}
