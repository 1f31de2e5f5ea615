//! Sealing: a copy of the database alone opens none of the keys in it.

use std::{fmt, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use zeroize::Zeroizing;

use super::{entropy::Entropy, error::SealError, hkdf, master_secret::MasterSecret, sealing::SealingKey};

const ENVELOPE_VERSION: &str = "lks1";
const ID: &str = "latchkey master secret id";
const SEAL: &str = "latchkey seal";

/// Seals with the first master secret and opens with all of them.
#[derive(Clone)]
pub struct Vault(Arc<Vec<VaultKey>>);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

struct VaultKey {
    /// Names the master secret in an envelope; says nothing about it.
    id: String,
    key: SealingKey,
}

impl VaultKey {
    /// The keys of a master secret: the first seals, all of them open. A passphrase is stretched; what was sealed under it
    /// before that was so still opens, until `latchkey secret rotate` seals it anew.
    fn of(secret: &MasterSecret) -> Result<Vec<Self>, SealError> {
        let plain = Self::new(&*secret.derive::<6>(ID)?, &*secret.derive::<32>(SEAL)?)?;
        if secret.is_random() {
            return Ok(vec![plain]);
        }
        let stretched = secret.stretch()?;
        let derive = |purpose| hkdf::derive::<32>(&*stretched, &[], purpose);
        Ok(vec![Self::new(&derive(ID)?[..6], &*derive(SEAL)?)?, plain])
    }

    fn new(id: &[u8], key: &[u8]) -> Result<Self, SealError> {
        Ok(Self { id: BASE64.encode(id), key: SealingKey::new(key)? })
    }
}

impl Vault {
    pub fn new(secrets: &[MasterSecret]) -> Result<Self, SealError> {
        let keys = secrets.iter().map(VaultKey::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Arc::new(keys.into_iter().flatten().collect())))
    }

    /// Seals `plain` as `lks1.<secret id>.<nonce>.<ciphertext>`; it opens under the same `purpose` only.
    pub fn seal(&self, purpose: &str, plain: &[u8], entropy: &Entropy) -> Result<String, SealError> {
        Self::seal_under(self.0.first().ok_or(SealError::Crypto)?, purpose, plain, entropy)
    }

    /// Seals `plain` under the master secret that `other` is sealed under, so that whoever opens one opens both.
    pub fn seal_like(
        &self,
        other: &str,
        purpose: &str,
        plain: &[u8],
        entropy: &Entropy,
    ) -> Result<String, SealError> {
        let id = other.split('.').nth(1);
        let secret = self.0.iter().find(|secret| id == Some(secret.id.as_str()));
        Self::seal_under(secret.ok_or(SealError::OtherSecret)?, purpose, plain, entropy)
    }

    fn seal_under(
        current: &VaultKey,
        purpose: &str,
        plain: &[u8],
        entropy: &Entropy,
    ) -> Result<String, SealError> {
        let sealed = current.key.seal(purpose, plain, entropy)?;
        Ok(format!("{ENVELOPE_VERSION}.{}.{sealed}", current.id))
    }

    /// Whether it is sealed under the first master secret.
    pub fn is_current(&self, sealed: &str) -> bool {
        let id = sealed.split('.').nth(1);
        self.0.first().is_some_and(|current| id == Some(current.id.as_str()))
    }

    /// Opens what [`Vault::seal`] made.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(ENVELOPE_VERSION), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(SealError::Damaged);
        };
        let secret = self.0.iter().find(|secret| secret.id == id).ok_or(SealError::OtherSecret)?;
        secret.key.open(purpose, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::crypto::master_secret::WeakSecret;

    fn vault(secret: &str) -> Vault {
        Vault::new(&MasterSecret::parse_all(secret).unwrap()).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_only_for_its_purpose_and_under_its_secret() {
        let entropy = Entropy::system();
        let ours = vault("one secret that nobody else has 0123456789");
        let sealed = ours.seal("signing key a", b"private", &entropy).unwrap();
        assert_eq!(ours.open("signing key a", &sealed).unwrap().as_slice(), b"private");
        assert_eq!(ours.open("signing key b", &sealed), Err(SealError::Damaged));
        let theirs = vault("another secret of somebody else 9876543210");
        assert_eq!(theirs.open("signing key a", &sealed), Err(SealError::OtherSecret));
        let mut damaged = sealed.clone();
        damaged.replace_range(sealed.len() - 2.., if sealed.ends_with("AA") { "BB" } else { "AA" });
        assert_eq!(ours.open("signing key a", &damaged), Err(SealError::Damaged));
        assert_eq!(ours.open("signing key a", "nonsense"), Err(SealError::Damaged));
    }

    #[test]
    fn the_first_secret_seals_and_all_of_them_open() {
        let entropy = Entropy::system();
        let (old, new) =
            ("one secret that nobody else has 0123456789", "another secret of somebody else 9876543210");
        let sealed = vault(old).seal("a", b"private", &entropy).unwrap();
        let both = vault(&format!("{new}, {old}\n"));
        assert!(!both.is_current(&sealed));
        assert_eq!(both.open("a", &sealed).unwrap().as_slice(), b"private");
        let anew = both.seal("a", b"private", &entropy).unwrap();
        assert!(both.is_current(&anew));
        assert_eq!(vault(new).open("a", &anew).unwrap().as_slice(), b"private");
        assert_eq!(vault(old).open("a", &anew), Err(SealError::OtherSecret));
        assert_eq!(MasterSecret::parse_all(&format!("{new},short")).err(), Some(WeakSecret::TooShort));
    }

    #[test]
    fn a_passphrase_is_stretched_and_opens_what_it_sealed_before_it_was() {
        let entropy = Entropy::system();
        let secret = MasterSecret::parse("one secret that nobody else has 0123456789").unwrap();
        let keys = VaultKey::of(&secret).unwrap();
        let (id, key) = (secret.derive::<6>(ID).unwrap(), secret.derive::<32>(SEAL).unwrap());
        assert_ne!(keys[0].id, BASE64.encode(*id), "the id of the first key tells of slow work");
        let before = Vault(Arc::new(vec![VaultKey::new(&*id, &*key).unwrap()]));
        let old = before.seal("a", b"private", &entropy).unwrap();
        let vault = Vault::new(&[secret]).unwrap();
        assert_eq!(vault.open("a", &old).unwrap().as_slice(), b"private");
        assert!(!vault.is_current(&old));
        let new = vault.seal("a", b"private", &entropy).unwrap();
        assert_eq!(before.open("a", &new), Err(SealError::OtherSecret));
    }
}
