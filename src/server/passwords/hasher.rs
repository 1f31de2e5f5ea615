//! Hashing passwords with Argon2id (RFC 9106), within bounds.
//!
//! A hash takes 19 MiB and 16 ms by design, so how many run at once is limited, and how many may wait. The place is
//! held by the work itself and not by the request: a client that hangs up frees nothing that is still in use.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version, password_hash::phc};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Password;
use crate::server::{
    client_info::{
        ClientInfo,
        network::{Network, NetworkShares, Place},
    },
    config::PasswordConfig,
    crypto::entropy::Entropy,
    error::Error,
};

const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = 32;
/// Requests that may wait for each one that runs. At 16 ms a hash the last of them waits about a second.
const WAITING_PER_PLACE: usize = 64;

/// The part of all places that those who sign in leave to others, who sign up or use a link; and that one network may hold.
const OTHERS: usize = 2;
const PER_NETWORK: usize = 4;

/// Whose password it is. There are more places than one network, or all who have no account yet, can take: whoever signs
/// in from elsewhere finds one.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    signs_in: bool,
    network: Option<Network>,
}

impl Turn {
    /// Somebody who has an account.
    pub fn sign_in(client: &ClientInfo) -> Self {
        Self { signs_in: true, network: client.network() }
    }

    /// Anybody else.
    pub fn other(client: &ClientInfo) -> Self {
        Self { signs_in: false, network: client.network() }
    }
}

/// A place to run or to wait in, until it is dropped: of all, of those for others, and of the network's share.
type Admitted = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>, Option<Place>);

/// Whether a password matches a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordMatch {
    No,
    Yes,
    /// It does, and the hash was made with other parameters than today's: hash it anew.
    NeedsRehash,
}

/// Hashes and verifies on blocking threads.
pub struct Hasher {
    params: Params,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    others: Arc<Semaphore>,
    networks: Arc<NetworkShares>,
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
            .map_err(|error| Error::Internal(format!("the settings of the password hash: {error}")))?;
        let places = config.concurrency * (1 + WAITING_PER_PLACE);
        Ok(Self {
            params,
            running: Arc::new(Semaphore::new(config.concurrency)),
            admitted: Arc::new(Semaphore::new(places)),
            others: Arc::new(Semaphore::new(places / OTHERS)),
            networks: NetworkShares::new(places / PER_NETWORK),
            memory: Arc::new(MemoryPool::default()),
        })
    }

    /// The password's hash as a PHC string, which names its own parameters.
    pub async fn hash(&self, turn: Turn, password: &Password, entropy: &Entropy) -> Result<String, Error> {
        let salt = entropy.bytes::<SALT_LENGTH>()?;
        let (password, params, memory) = (password.clone(), self.params.clone(), self.memory.clone());
        self.run(turn, move || {
            let output = compute(&params, password.as_bytes(), &salt, &memory)?;
            to_phc(&params, &salt, &output)
        })
        .await
    }

    /// Compares a password with a stored hash. Without one it works as long and says no: an address that has no
    /// account answers as slowly as one that has.
    pub async fn verify(
        &self,
        turn: Turn,
        password: &Password,
        stored: Option<String>,
    ) -> Result<PasswordMatch, Error> {
        let (password, params, memory) = (password.clone(), self.params.clone(), self.memory.clone());
        self.run(turn, move || match stored {
            Some(stored) => compare(&params, password.as_bytes(), &stored, &memory),
            None => {
                compute(&params, password.as_bytes(), &[0; SALT_LENGTH], &memory).map(|_| PasswordMatch::No)
            }
        })
        .await
    }

    /// The hash of a secret with the salt and the parameters of a stored one: the same, if it is the same secret.
    pub async fn hash_like(&self, turn: Turn, secret: &Password, stored: String) -> Result<String, Error> {
        let (secret, memory) = (secret.clone(), self.memory.clone());
        self.run(turn, move || {
            let Stored { params, salt, .. } = Stored::read(&stored)?;
            let output = compute(&params, secret.as_bytes(), &salt, &memory)?;
            to_phc(&params, &salt, &output)
        })
        .await
    }

    /// Takes every place there is to run or to wait in.
    #[cfg(test)]
    pub fn hold_all(&self) -> OwnedSemaphorePermit {
        let free = u32::try_from(self.admitted.available_permits()).unwrap();
        self.admitted.clone().try_acquire_many_owned(free).unwrap()
    }

    /// Waits for a place and runs `work` there, or refuses if too many wait.
    async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let admitted = self.admit(turn).ok_or(Error::Busy)?;
        let place =
            self.running.clone().acquire_owned().await.map_err(|error| Error::Internal(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            let _held = (admitted, place);
            work()
        })
        .await?
    }

    /// A place, unless all that this turn may take are taken.
    fn admit(&self, turn: Turn) -> Option<Admitted> {
        let of_network = turn.network.map(|network| self.networks.take(network).ok_or(Full)).transpose();
        let of_others = (!turn.signs_in).then(|| self.others.clone().try_acquire_owned()).transpose();
        let of_all = self.admitted.clone().try_acquire_owned();
        Some((of_all.ok()?, of_others.ok()?, of_network.ok()?))
    }
}

/// A network has all the places that it may have.
struct Full;

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
        .map_err(|error| Error::Internal(format!("argon2: {error}")))?;
    Ok(output)
}

fn compare(
    today: &Params,
    password: &[u8],
    stored: &str,
    memory: &MemoryPool,
) -> Result<PasswordMatch, Error> {
    let Stored { params, salt, output: expected } = Stored::read(stored)?;
    let output = compute(&params, password, &salt, memory)?;
    if verify_slices_are_equal(&output, &expected).is_err() {
        return Ok(PasswordMatch::No);
    }
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    Ok(if cost(&params) == cost(today) { PasswordMatch::Yes } else { PasswordMatch::NeedsRehash })
}

/// A stored hash, taken apart.
struct Stored {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    fn read(stored: &str) -> Result<Self, Error> {
        let unreadable = |error: &dyn std::fmt::Display| {
            Error::Internal(format!("a stored password hash is unreadable: {error}"))
        };
        let stored = PasswordHash::new(stored).map_err(|error| unreadable(&error))?;
        let (Some(salt), Some(output)) = (stored.salt.as_ref(), stored.hash.as_ref()) else {
            return Err(unreadable(&"it has no salt or no hash"));
        };
        if stored.algorithm.as_str() != "argon2id" {
            return Err(unreadable(&format!("its algorithm is {}", stored.algorithm)));
        }
        let params = Params::try_from(&stored).map_err(|error| unreadable(&error))?;
        Ok(Self { params, salt: salt.as_ref().to_vec(), output: output.as_ref().to_vec() })
    }
}

fn to_phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, Error> {
    let fault =
        |error: &dyn std::fmt::Display| Error::Internal(format!("a password hash can't be written: {error}"));
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

    /// Somebody who signs in at the machine itself, in no network.
    const HERE: Turn = Turn { signs_in: true, network: None };

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = Hasher::new(&CONFIG).unwrap();
        let hash = hasher.hash(HERE, &password("correct horse"), &Entropy::system()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(
            hasher.verify(HERE, &password("correct horse"), Some(hash.clone())).await.unwrap(),
            PasswordMatch::Yes
        );
        for other in ["Correct horse", "correct horse ", "correct hors", ""] {
            assert_eq!(
                hasher.verify(HERE, &password(other), Some(hash.clone())).await.unwrap(),
                PasswordMatch::No,
                "{other:?}"
            );
        }
        assert_eq!(hasher.verify(HERE, &password("correct horse"), None).await.unwrap(), PasswordMatch::No);
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_matches_and_needs_a_rehash() {
        let old = Hasher::new(&PasswordConfig { iterations: 3, ..CONFIG }).unwrap();
        let hash = old.hash(HERE, &password("correct horse"), &Entropy::system()).await.unwrap();
        let hasher = Hasher::new(&CONFIG).unwrap();
        assert_eq!(
            hasher.verify(HERE, &password("correct horse"), Some(hash.clone())).await.unwrap(),
            PasswordMatch::NeedsRehash
        );
        assert_eq!(
            hasher.verify(HERE, &password("wrong horse"), Some(hash)).await.unwrap(),
            PasswordMatch::No
        );
    }

    #[tokio::test]
    async fn reused_hashing_memory_changes_no_result() {
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
    async fn a_full_hashing_queue_refuses_and_a_disconnected_caller_frees_no_permit_in_use() {
        let hasher = Hasher::new(&CONFIG).unwrap();
        let (release, hold) = std::sync::mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let mut first = Box::pin(hasher.run(HERE, move || {
            let _ = started.send(());
            let _ = hold.recv();
            Ok(())
        }));
        tokio::select! { _ = &mut first => unreachable!("it is held"), _ = running => {} }
        drop(first);
        assert_eq!(hasher.running.available_permits(), 0, "the work goes on and keeps its place");

        let mut waiting: Vec<_> =
            (0..WAITING_PER_PLACE).map(|_| Box::pin(hasher.run(HERE, || Ok(())))).collect();
        for work in &mut waiting {
            assert!(futures::poll!(work).is_pending());
        }
        assert!(matches!(hasher.run(HERE, || Ok(())).await, Err(Error::Busy)));
        drop(waiting);
        release.send(()).unwrap();
        hasher.run(HERE, || Ok(())).await.unwrap();
        assert_eq!(hasher.running.available_permits(), 1);
    }

    #[tokio::test]
    async fn neither_one_network_nor_those_who_sign_up_can_take_the_places_of_those_who_sign_in() {
        let hasher = Hasher::new(&CONFIG).unwrap();
        let turn = |signs_in, address: [u8; 4]| Turn { signs_in, network: Some(Network::of(address.into())) };
        let from_one: Vec<_> = (0..250).filter_map(|_| hasher.admit(turn(true, [203, 0, 113, 7]))).collect();
        assert_eq!(from_one.len(), 65 / PER_NETWORK);
        let who_sign_up: Vec<_> =
            (0..250).filter_map(|n| hasher.admit(turn(false, [203, 0, 114, n]))).collect();
        assert_eq!(who_sign_up.len(), 65 / OTHERS);
        assert!(hasher.admit(turn(true, [203, 0, 113, 8])).is_some());
        drop((from_one, who_sign_up));
        assert!(hasher.admit(turn(false, [203, 0, 113, 7])).is_some());
    }
}
