//! Hashing passwords with Argon2id (RFC 9106), within bounds.
//!
//! A hash takes 19 MiB and 16 ms by design, so how many run at once is limited, and how many may wait. The place is
//! held by the work itself and not by the request: a client that hangs up frees nothing that is still in use.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version, password_hash::phc};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::Semaphore;

use super::Password;
use crate::server::{clock::Entropy, config::PasswordConfig, error::Error};

const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = 32;
/// Requests that may wait for each one that runs. At 16 ms a hash the last of them waits about a second.
const WAITING_PER_PLACE: usize = 64;

/// Whether a password matches a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    No,
    Yes,
    /// It does, and the hash was made with other parameters than today's: hash it anew.
    YesButOutdated,
}

/// Hashes and verifies on blocking threads.
pub struct Hasher {
    params: Params,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    memory: Arc<MemoryPool>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Hasher {
    pub fn new(config: &PasswordConfig) -> Result<Self, Error> {
        let params = Params::new(config.memory_kib, config.iterations, config.parallelism, Some(HASH_LENGTH))
            .map_err(|error| Error::Fault(format!("the settings of the password hash: {error}")))?;
        Ok(Self {
            params,
            running: Arc::new(Semaphore::new(config.concurrency)),
            admitted: Arc::new(Semaphore::new(config.concurrency * (1 + WAITING_PER_PLACE))),
            memory: Arc::new(MemoryPool::default()),
        })
    }

    /// The password's hash as a PHC string, which names its own parameters.
    pub async fn hash(&self, password: &Password, entropy: &Entropy) -> Result<String, Error> {
        let salt = entropy.bytes::<SALT_LENGTH>()?;
        let (password, params, memory) = (password.clone(), self.params.clone(), self.memory.clone());
        self.run(move || {
            let output = compute(&params, password.as_bytes(), &salt, &memory)?;
            to_phc(&params, &salt, &output)
        })
        .await
    }

    /// Compares a password with a stored hash. Without one it works as long and says no: an address that has no
    /// account answers as slowly as one that has.
    pub async fn verify(&self, password: &Password, stored: Option<String>) -> Result<Match, Error> {
        let (password, params, memory) = (password.clone(), self.params.clone(), self.memory.clone());
        self.run(move || match stored {
            Some(stored) => compare(&params, password.as_bytes(), &stored, &memory),
            None => compute(&params, password.as_bytes(), &[0; SALT_LENGTH], &memory).map(|_| Match::No),
        })
        .await
    }

    /// Takes every place there is to run or to wait in.
    #[cfg(test)]
    pub fn hold_all(&self) -> tokio::sync::OwnedSemaphorePermit {
        let free = u32::try_from(self.admitted.available_permits()).unwrap();
        self.admitted.clone().try_acquire_many_owned(free).unwrap()
    }

    /// Waits for a place and runs `work` there, or refuses if too many wait.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let place =
            self.running.clone().acquire_owned().await.map_err(|error| Error::Fault(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            let _held = (admitted, place);
            work()
        })
        .await?
    }
}

/// Argon2's working memory, kept for the next hash: allocating and clearing it anew costs up to a seventh of the time.
#[derive(Default)]
struct MemoryPool(Mutex<Vec<Vec<Block>>>);

impl MemoryPool {
    fn with<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut memory = self.lock().pop().unwrap_or_default();
        memory.resize(blocks, Block::default());
        let result = work(&mut memory);
        self.lock().push(memory);
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn compute(params: &Params, password: &[u8], salt: &[u8], memory: &MemoryPool) -> Result<Vec<u8>, Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut output = vec![0; params.output_len().unwrap_or(HASH_LENGTH)];
    memory
        .with(params.block_count(), |blocks| {
            argon2.hash_password_into_with_memory(password, salt, &mut output, blocks)
        })
        .map_err(|error| Error::Fault(format!("argon2: {error}")))?;
    Ok(output)
}

fn compare(today: &Params, password: &[u8], stored: &str, memory: &MemoryPool) -> Result<Match, Error> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::Fault(format!("a stored password hash is unreadable: {error}"))
    };
    let stored = PasswordHash::new(stored).map_err(|error| unreadable(&error))?;
    let (Some(salt), Some(expected)) = (stored.salt.as_ref(), stored.hash.as_ref()) else {
        return Err(unreadable(&"it has no salt or no hash"));
    };
    if stored.algorithm.as_str() != "argon2id" {
        return Err(unreadable(&format!("its algorithm is {}", stored.algorithm)));
    }
    let params = Params::try_from(&stored).map_err(|error| unreadable(&error))?;
    let output = compute(&params, password, salt.as_ref(), memory)?;
    if verify_slices_are_equal(&output, expected.as_ref()).is_err() {
        return Ok(Match::No);
    }
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    Ok(if cost(&params) == cost(today) { Match::Yes } else { Match::YesButOutdated })
}

fn to_phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, Error> {
    let fault =
        |error: &dyn std::fmt::Display| Error::Fault(format!("a password hash can't be written: {error}"));
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(params).map_err(|error| fault(&error))?,
        salt: Some(phc::Salt::new(salt).map_err(|error| fault(&error))?),
        hash: Some(phc::Output::new(output).map_err(|error| fault(&error))?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: PasswordConfig =
        PasswordConfig { memory_kib: 19_456, iterations: 2, parallelism: 1, concurrency: 1 };

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = Hasher::new(&CONFIG).unwrap();
        let hash = hasher.hash(&password("correct horse"), &Entropy::system()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(hasher.verify(&password("correct horse"), Some(hash.clone())).await.unwrap(), Match::Yes);
        for other in ["Correct horse", "correct horse ", "correct hors", ""] {
            assert_eq!(
                hasher.verify(&password(other), Some(hash.clone())).await.unwrap(),
                Match::No,
                "{other:?}"
            );
        }
        assert_eq!(hasher.verify(&password("correct horse"), None).await.unwrap(), Match::No);
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_still_matches_and_is_to_be_renewed() {
        let old = Hasher::new(&PasswordConfig { iterations: 3, ..CONFIG }).unwrap();
        let hash = old.hash(&password("correct horse"), &Entropy::system()).await.unwrap();
        let hasher = Hasher::new(&CONFIG).unwrap();
        assert_eq!(
            hasher.verify(&password("correct horse"), Some(hash.clone())).await.unwrap(),
            Match::YesButOutdated
        );
        assert_eq!(hasher.verify(&password("wrong horse"), Some(hash)).await.unwrap(), Match::No);
    }

    #[tokio::test]
    async fn memory_that_another_hash_has_left_behind_changes_nothing() {
        let hasher = Hasher::new(&CONFIG).unwrap();
        compute(&hasher.params, b"another", b"saltofanotherone", &hasher.memory).unwrap();
        let reused = compute(&hasher.params, b"password", b"somesaltsomesalt", &hasher.memory).unwrap();
        let fresh = {
            let mut out = [0; HASH_LENGTH];
            Argon2::new(Algorithm::Argon2id, Version::V0x13, hasher.params.clone())
                .hash_password_into(b"password", b"somesaltsomesalt", &mut out)
                .unwrap();
            out
        };
        assert_eq!(reused, fresh);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_a_caller_who_hangs_up_frees_no_place_in_use() {
        let hasher = Hasher::new(&CONFIG).unwrap();
        let (release, hold) = std::sync::mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let mut first = Box::pin(hasher.run(move || {
            let _ = started.send(());
            let _ = hold.recv();
            Ok(())
        }));
        tokio::select! { _ = &mut first => unreachable!("it is held"), _ = running => {} }
        drop(first);
        assert_eq!(hasher.running.available_permits(), 0, "the work goes on and keeps its place");

        let mut waiting: Vec<_> = (0..WAITING_PER_PLACE).map(|_| Box::pin(hasher.run(|| Ok(())))).collect();
        for work in &mut waiting {
            assert!(futures::poll!(work).is_pending());
        }
        assert!(matches!(hasher.run(|| Ok(())).await, Err(Error::Busy)));
        drop(waiting);
        release.send(()).unwrap();
        hasher.run(|| Ok(())).await.unwrap();
        assert_eq!(hasher.running.available_permits(), 1);
    }
}
