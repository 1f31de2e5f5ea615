//! The master secret, and what is sealed under it.
//!
//! The master secret comes from the environment or from a file, never from the database or the repository. It seals
//! the private signing keys and the program's own random keys: a copy of the database alone opens none of them.

use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use zeroize::Zeroizing;

use super::clock::{Entropy, NoEntropy};

/// Shortest master secret, in characters: what 128 bits take in hexadecimal (RFC 4648 §8).
pub const MIN_LENGTH: usize = 32;
const MIN_DISTINCT: usize = 10;
const ENVELOPE_VERSION: &str = "lks1";

/// Why a string is no master secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    #[error(
        "is too short: it needs at least {MIN_LENGTH} characters; `latchkey secret generate` prints a good one"
    )]
    TooShort,
    #[error("repeats a few characters and can be guessed; `latchkey secret generate` prints a good one")]
    Guessable,
}

/// One master secret.
pub struct MasterSecret {
    text: Zeroizing<String>,
}

impl MasterSecret {
    pub fn parse(text: &str) -> Result<Self, WeakSecret> {
        let text = text.trim();
        if text.chars().count() < MIN_LENGTH {
            return Err(WeakSecret::TooShort);
        }
        let mut distinct: Vec<char> = text.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < MIN_DISTINCT {
            return Err(WeakSecret::Guessable);
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()) })
    }

    /// 256 random bits as text.
    pub fn generate(entropy: &Entropy) -> Result<Self, NoEntropy> {
        Ok(Self { text: Zeroizing::new(BASE64.encode(entropy.bytes::<32>()?)) })
    }

    /// The secret itself. For `latchkey secret generate` and for the secret file, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Several, with commas or line breaks between them: the first seals, all of them open.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, WeakSecret> {
        let secrets: Vec<_> = text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(Self::parse)
            .collect::<Result<_, _>>()?;
        if secrets.is_empty() { Err(WeakSecret::TooShort) } else { Ok(secrets) }
    }

    /// Reads the secret file, or makes it with mode 0600 if there is none.
    pub fn read_or_create(path: &Path, entropy: &Entropy) -> io::Result<Vec<Self>> {
        let invalid = |error: &dyn fmt::Display| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: the secret {error}", path.display()))
        };
        match fs::read_to_string(path) {
            Ok(text) => Self::parse_all(&text).map_err(|error| invalid(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                let secret = Self::generate(entropy).map_err(io::Error::other)?;
                // `create_new`: two first starts at once must not end up with two secrets.
                let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                match file {
                    Ok(mut file) => {
                        writeln!(file, "{}", secret.reveal())?;
                        file.sync_all()?;
                        Ok(vec![secret])
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Self::read_or_create(path, entropy)
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn derive<const N: usize>(&self, purpose: &'static str) -> Result<Zeroizing<[u8; N]>, SealError> {
        let mut out = Zeroizing::new([0; N]);
        let info = [purpose.as_bytes()];
        Salt::new(HKDF_SHA256, &[])
            .extract(self.text.as_bytes())
            .expand(&info, Length(N))
            .and_then(|okm| okm.fill(&mut *out))
            .map_err(|_| SealError::Crypto)?;
        Ok(out)
    }
}

/// How many bytes to derive.
pub struct Length(pub usize);

impl aws_lc_rs::hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("a cryptographic function failed")]
    Crypto,
    #[error("no random numbers")]
    NoEntropy(#[from] NoEntropyMarker),
    #[error("the sealed value is damaged, or was moved from another place")]
    Damaged,
    #[error(
        "it was sealed under another master secret: set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE to the one that this database was made with"
    )]
    OtherSecret,
}

/// [`NoEntropy`], comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoEntropyMarker;

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
    key: LessSafeKey,
}

impl VaultKey {
    fn new(secret: &MasterSecret) -> Result<Self, SealError> {
        let id = BASE64.encode(*secret.derive::<6>("latchkey master secret id")?);
        let key = secret.derive::<32>("latchkey seal")?;
        let key = UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| SealError::Crypto)?;
        Ok(Self { id, key: LessSafeKey::new(key) })
    }
}

impl Vault {
    pub fn new(secrets: &[MasterSecret]) -> Result<Self, SealError> {
        let keys = secrets.iter().map(VaultKey::new).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Arc::new(keys)))
    }

    /// Seals `plain` as `lks1.<secret id>.<nonce>.<ciphertext>`; it opens under the same `purpose` only.
    pub fn seal(&self, purpose: &str, plain: &[u8], entropy: &Entropy) -> Result<String, SealError> {
        let current = self.0.first().ok_or(SealError::Crypto)?;
        let nonce: [u8; NONCE_LEN] = entropy.bytes().map_err(|_| NoEntropyMarker)?;
        let mut data = plain.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        current
            .key
            .seal_in_place_append_tag(unique, Aad::from(purpose), &mut data)
            .map_err(|_| SealError::Crypto)?;
        Ok(format!("{ENVELOPE_VERSION}.{}.{}.{}", current.id, BASE64.encode(nonce), BASE64.encode(data)))
    }

    /// Whether it is sealed under the first master secret.
    pub fn is_current(&self, sealed: &str) -> bool {
        let id = sealed.split('.').nth(1);
        self.0.first().is_some_and(|current| id == Some(current.id.as_str()))
    }

    /// Opens what [`Vault::seal`] made.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let parts: Vec<_> = sealed.split('.').collect();
        let [ENVELOPE_VERSION, id, nonce, data] = parts[..] else { return Err(SealError::Damaged) };
        let secret = self.0.iter().find(|secret| secret.id == id).ok_or(SealError::OtherSecret)?;
        let nonce = BASE64.decode(nonce).map_err(|_| SealError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| SealError::Damaged)?;
        let mut data = Zeroizing::new(BASE64.decode(data).map_err(|_| SealError::Damaged)?);
        let length = secret
            .key
            .open_in_place(nonce, Aad::from(purpose), &mut data)
            .map_err(|_| SealError::Damaged)?
            .len();
        data.truncate(length);
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(secret: &str) -> Vault {
        Vault::new(&MasterSecret::parse_all(secret).unwrap()).unwrap()
    }

    #[test]
    fn weak_secrets_are_refused() {
        let weak = |text: &str| MasterSecret::parse(text).err();
        assert_eq!(weak("changeme"), Some(WeakSecret::TooShort));
        assert_eq!(weak(&" ".repeat(64)), Some(WeakSecret::TooShort));
        assert_eq!(weak(&"ab".repeat(32)), Some(WeakSecret::Guessable));
        assert_eq!(weak("3f9ab1c25d7e80641122aabbccddeeff"), None);
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_under_its_secret_only() {
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
    fn the_secret_file_is_made_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secret");
        let entropy = Entropy::system();
        let first = MasterSecret::read_or_create(&path, &entropy).unwrap();
        let second = MasterSecret::read_or_create(&path, &entropy).unwrap();
        assert_eq!(first[0].reveal(), second[0].reveal());
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
