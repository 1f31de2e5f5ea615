//! The master secret, from which the keys are derived that seal everything else.
//!
//! The master secret comes from the environment or from a file, never from the database or the repository. It seals
//! the private signing keys and the program's own random keys: a copy of the database alone opens none of them.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use zeroize::Zeroizing;

use super::{
    entropy::{Entropy, NoEntropy},
    error::SealError,
    hkdf, private_file,
};

/// Shortest master secret, in characters: what 128 bits take in hexadecimal (RFC 4648 §8).
pub const MIN_LENGTH: usize = 32;
const MIN_DISTINCT: usize = 10;

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
        match Self::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path, entropy),
            outcome => outcome,
        }
    }

    /// Reads the secret file, unless others can read it too.
    pub fn read(path: &Path) -> io::Result<Vec<Self>> {
        let invalid =
            |error: &dyn fmt::Display| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let mut file = File::open(path)?;
        private_file::refuse_loose(&file.metadata()?).map_err(|error| invalid(&error))?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text)?;
        Self::parse_all(&text).map_err(|error| invalid(&format!("the secret {error}")))
    }

    fn create(path: &Path, entropy: &Entropy) -> io::Result<Vec<Self>> {
        private_file::create_folder_of(path)?;
        let secret = Self::generate(entropy).map_err(io::Error::other)?;
        match private_file::create(path) {
            Ok(mut file) => {
                writeln!(file, "{}", secret.reveal())?;
                file.sync_all()?;
                Ok(vec![secret])
            }
            // Two first starts at once must not end up with two secrets.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error),
        }
    }

    /// Whether it is as good as 256 random bits, by its form: 64 hexadecimal digits or 43 of base64, as `latchkey secret
    /// generate` and others print them. Anything else is a passphrase.
    pub fn is_random(&self) -> bool {
        let is_hex = self.text.chars().all(|c| c.is_ascii_hexdigit());
        let is_base64 =
            self.text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '='));
        let mut distinct: Vec<char> = self.text.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        // 43 random characters of 64 hold 31 different ones; fewer than 20 are words.
        (is_hex && self.text.len() >= 64) || (is_base64 && self.text.len() >= 43 && distinct.len() >= 20)
    }

    pub(super) fn derive<const N: usize>(&self, purpose: &str) -> Result<Zeroizing<[u8; N]>, SealError> {
        hkdf::derive(self.text.as_bytes(), &[], purpose)
    }

    /// The key of a passphrase, made slowly: guessing costs as much for each guess (OWASP ASVS 11.4.4). The salt is a
    /// constant: there is nowhere to keep another, and one passphrase is no target for tables.
    pub(super) fn stretch(&self) -> Result<Zeroizing<[u8; 32]>, SealError> {
        const MEMORY_KIB: u32 = 65_536;
        const PASSES: u32 = 3;
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(|_| SealError::Crypto)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.text.as_bytes(), b"latchkey master secret", &mut *key)
            .map_err(|_| SealError::Crypto)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_refused() {
        let weak = |text: &str| MasterSecret::parse(text).err();
        assert_eq!(weak("changeme"), Some(WeakSecret::TooShort));
        assert_eq!(weak(&" ".repeat(64)), Some(WeakSecret::TooShort));
        assert_eq!(weak(&"ab".repeat(32)), Some(WeakSecret::Guessable));
        assert_eq!(weak("3f9ab1c25d7e80641122aabbccddeeff"), None);
    }

    #[test]
    fn the_secret_file_is_made_once_and_for_its_owner_alone() {
        use std::{fs, os::unix::fs::PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secret");
        let entropy = Entropy::system();
        let first = MasterSecret::read_or_create(&path, &entropy).unwrap();
        let second = MasterSecret::read_or_create(&path, &entropy).unwrap();
        assert_eq!(first[0].reveal(), second[0].reveal());
        assert_eq!((first.len(), second.len()), (1, 1));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = MasterSecret::read_or_create(&path, &entropy).err().unwrap();
        assert!(error.to_string().contains("0644"), "{error}");
    }

    #[test]
    fn a_secret_is_random_by_its_form_and_else_a_passphrase() {
        let random = |text: &str| MasterSecret::parse(text).unwrap().is_random();
        assert!(MasterSecret::generate(&Entropy::system()).unwrap().is_random());
        assert!(random(&"3f9ab1c25d7e80641122aabbccddeeff".repeat(2)));
        for passphrase in [
            "3f9ab1c25d7e80641122aabbccddeeff",
            "correct horse battery staple correct horse battery staple",
            "correcthorsebatterystaplecorrecthorsebatterystaple",
        ] {
            assert!(!random(passphrase), "{passphrase}");
        }
    }
}
