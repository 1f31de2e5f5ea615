//! The life of a signing key: *next* → *active* → *retired* → *gone*.
//!
//! A key is published before it signs, for longer than others may keep a copy of the key set, and stays published
//! until the last token that it signed has expired. So a rotation is seen by nobody. The times are stored with the
//! keys: every node changes over by its own clock, without asking.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{error::KeyError, key_set::purpose, line::KeyLine, private_key::PrivateKey};
use crate::server::{
    clock::{LEEWAY, Timestamp},
    config::{LONGEST_CLIENT_TOKEN, TokenConfig},
    crypto::{algorithm::Algorithm, entropy::Entropy, vault::Vault},
    store::signing_keys::SigningKeyRecord,
};

/// How long it takes, at the most, until every node publishes a key that one of them has made.
const PROPAGATION_DELAY: Duration = Duration::from_secs(5);

/// Where in its life a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Next,
    /// Signs.
    Active,
    /// Signs no more, and still verifies.
    Retired,
    /// Verifies no more.
    Gone,
}

impl KeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Gone => "gone",
        }
    }
}

/// A key's state, since when it is in it, and until when as far as that is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    pub state: KeyState,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
}

impl SigningKeyRecord {
    /// Where in its life it is at `now`.
    pub fn phase(&self, now: Timestamp) -> Phase {
        match (self.retires_at, self.gone_at) {
            (_, Some(gone_at)) if gone_at <= now => {
                Phase { state: KeyState::Gone, since: gone_at, until: None }
            }
            (Some(retires_at), until) if retires_at <= now => {
                Phase { state: KeyState::Retired, since: retires_at, until }
            }
            (until, _) if self.activates_at <= now => {
                Phase { state: KeyState::Active, since: self.activates_at, until }
            }
            _ => Phase { state: KeyState::Next, since: self.created_at, until: Some(self.activates_at) },
        }
    }
}

/// Why a key set needs a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationReason {
    /// There is none.
    FirstKey,
    /// The settings ask for another algorithm.
    AlgorithmChanged,
    /// The newest has signed for as long as a key may.
    Scheduled,
}

impl RotationReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstKey => "first key",
            Self::AlgorithmChanged => "algorithm changed",
            Self::Scheduled => "scheduled",
        }
    }
}

/// Times of a new key and of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub activates_at: Timestamp,
    /// Name of the key that it follows, and when that one stops to sign and to verify.
    pub retire: Option<(String, Timestamp, Timestamp)>,
}

/// Why there is no rotation now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rotation is under way: the key {kid} signs from {} on", .at.to_utc())]
pub struct RotationPending {
    pub kid: String,
    pub at: Timestamp,
}

impl TokenConfig {
    /// How long a key is published before it signs.
    pub fn publish_ahead(&self) -> Duration {
        self.jwks_max_age + PROPAGATION_DELAY
    }

    /// How long a key of the line verifies after it has signed its last token.
    fn verify_after(&self, line: KeyLine) -> Duration {
        let longest = match line {
            KeyLine::Portal => self.access_ttl,
            KeyLine::Clients(_) | KeyLine::Paseto => LONGEST_CLIENT_TOKEN,
        };
        longest + LEEWAY + PROPAGATION_DELAY
    }
}

/// Whether a line needs a new key at `now`, and why. `keys` are the line's, in the order in which they sign.
pub fn due(
    line: KeyLine,
    keys: &[SigningKeyRecord],
    config: &TokenConfig,
    now: Timestamp,
) -> Option<RotationReason> {
    let Some(newest) = keys.iter().rev().find(|key| !key.is_gone(now) && key.retires_at.is_none()) else {
        return Some(RotationReason::FirstKey);
    };
    if newest.algorithm != line.algorithm(config).as_str() {
        return Some(RotationReason::AlgorithmChanged);
    }
    let rotate_every = config.rotate_every?;
    (now + config.publish_ahead() >= newest.activates_at + rotate_every).then_some(RotationReason::Scheduled)
}

/// When a new key would sign, and what becomes of the one before it. The first of a line signs at once: nobody has
/// verified a token of it with an older key set.
pub fn plan(line: KeyLine, keys: &[SigningKeyRecord], config: &TokenConfig, now: Timestamp) -> Plan {
    let Some(newest) = keys.iter().rev().find(|key| !key.is_gone(now) && key.retires_at.is_none()) else {
        return Plan { activates_at: now, retire: None };
    };
    // After the newest, even if that one has not begun: keys sign one after the other.
    let after = newest.activates_at + Duration::from_millis(1);
    let activates_at = (now + config.publish_ahead()).max(after);
    Plan {
        activates_at,
        retire: Some((newest.kid.clone(), activates_at, activates_at + config.verify_after(line))),
    }
}

/// Refuses to rotate while a key of the algorithm that is wanted waits to sign: pressing twice is pressing once.
pub fn refuse_if_pending(
    line: KeyLine,
    keys: &[SigningKeyRecord],
    config: &TokenConfig,
    now: Timestamp,
) -> Result<(), RotationPending> {
    let waiting = keys.iter().rev().find(|key| key.phase(now).state == KeyState::Next);
    match waiting {
        Some(key) if key.algorithm == line.algorithm(config).as_str() => {
            Err(RotationPending { kid: key.kid.clone(), at: key.activates_at })
        }
        _ => Ok(()),
    }
}

/// A new private key, with its name. RSA takes a second: off the async threads, and outside of a transaction.
pub struct NewKey {
    pub kid: String,
    pub line: KeyLine,
    pub algorithm: Algorithm,
    pub public_jwk: Option<String>,
    bytes: Zeroizing<Vec<u8>>,
}

impl NewKey {
    pub async fn generate(line: KeyLine, algorithm: Algorithm, entropy: Entropy) -> Result<Self, KeyError> {
        tokio::task::spawn_blocking(move || Self::generate_here(line, algorithm, &entropy))
            .await
            .map_err(|_| KeyError::Crypto)?
    }

    fn generate_here(line: KeyLine, algorithm: Algorithm, entropy: &Entropy) -> Result<Self, KeyError> {
        let (material, bytes) = PrivateKey::generate(algorithm, entropy)?;
        let kid = material.kid(entropy)?;
        let public_jwk = material
            .public_jwk()
            .map(|jwk| serde_json::to_string(&jwk))
            .transpose()
            .map_err(|_| KeyError::Crypto)?;
        Ok(Self { kid, line, algorithm, public_jwk, bytes })
    }

    /// Seals it under the master secret that the newest of `keys` is sealed under, and not under this node's first one:
    /// while the secret is being changed, every node that opens the one must open the other, and so must the next start.
    /// A node that cannot open what is stored adds nothing to it.
    pub fn into_record(
        self,
        keys: &[SigningKeyRecord],
        vault: &Vault,
        entropy: &Entropy,
        (now, activates_at): (Timestamp, Timestamp),
    ) -> Result<SigningKeyRecord, KeyError> {
        let purpose = purpose(&self.kid);
        let newest = keys.iter().rev().find(|key| !key.sealed.is_empty());
        let sealed = match newest {
            Some(newest) => vault.seal_like(&newest.sealed, &purpose, &self.bytes, entropy),
            None => vault.seal(&purpose, &self.bytes, entropy),
        };
        let sealed = sealed.map_err(|error| KeyError::Sealed { kid: self.kid.clone(), error })?;
        Ok(SigningKeyRecord {
            kid: self.kid,
            algorithm: self.algorithm.as_str().to_owned(),
            purpose: self.line.purpose().to_owned(),
            public_jwk: self.public_jwk,
            sealed,
            created_at: now,
            activates_at,
            retires_at: None,
            gone_at: None,
            revoked: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client_algorithm::ClientAlgorithm;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: Timestamp = Timestamp::from_seconds(1_000_000_000);
    const PORTAL: KeyLine = KeyLine::Portal;

    fn config() -> TokenConfig {
        TokenConfig {
            algorithm: Algorithm::Es256,
            issuer: "https://id.example.org".to_owned(),
            audience: "https://id.example.org".to_owned(),
            access_ttl: Duration::from_secs(900),
            client_access_ttl: Duration::from_secs(300),
            jwks_max_age: Duration::from_secs(300),
            rotate_every: Some(30 * DAY),
        }
    }

    fn key(kid: &str, activates_at: Timestamp) -> SigningKeyRecord {
        SigningKeyRecord {
            kid: kid.to_owned(),
            algorithm: "ES256".to_owned(),
            purpose: "portal".to_owned(),
            public_jwk: None,
            sealed: String::new(),
            created_at: activates_at,
            activates_at,
            retires_at: None,
            gone_at: None,
            revoked: false,
        }
    }

    #[test]
    fn the_first_key_signs_at_once() {
        assert_eq!(due(PORTAL, &[], &config(), NOW), Some(RotationReason::FirstKey));
        assert_eq!(plan(PORTAL, &[], &config(), NOW), Plan { activates_at: NOW, retire: None });
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
        let config = config();
        let planned = plan(PORTAL, &[key("a", NOW)], &config, NOW);
        assert!(planned.activates_at - NOW > config.jwks_max_age);
        let (kid, retires_at, gone_at) = planned.retire.unwrap();
        assert_eq!(
            (kid.as_str(), retires_at),
            ("a", planned.activates_at),
            "no moment without a key that signs, none with two"
        );
        assert!(gone_at - retires_at > config.access_ttl);
    }

    #[test]
    fn a_rotation_is_due_when_the_newest_key_has_signed_long_enough() {
        let config = config();
        let keys = [key("a", NOW)];
        let ahead = config.publish_ahead();
        let last = NOW + 30 * DAY - ahead - Duration::from_millis(1);
        assert_eq!(due(PORTAL, &keys, &config, last), None);
        assert_eq!(
            due(PORTAL, &keys, &config, last + Duration::from_millis(1)),
            Some(RotationReason::Scheduled)
        );
        assert_eq!(due(PORTAL, &keys, &TokenConfig { rotate_every: None, ..config }, NOW + 3000 * DAY), None);
    }

    #[test]
    fn changing_the_algorithm_rotates_even_while_a_rotation_is_pending() {
        let other = TokenConfig { algorithm: Algorithm::EdDsa, ..config() };
        let planned = plan(PORTAL, &[key("a", NOW)], &config(), NOW);
        let mut first = key("a", NOW);
        first.retires_at = Some(planned.activates_at);
        let keys = [first, key("b", planned.activates_at)];
        assert_eq!(due(PORTAL, &keys, &other, NOW), Some(RotationReason::AlgorithmChanged));
        assert!(refuse_if_pending(PORTAL, &keys, &other, NOW).is_ok());
        assert!(plan(PORTAL, &keys, &other, NOW).activates_at > planned.activates_at);
        // Wanting the same again is refused, and says when it comes.
        let refused = refuse_if_pending(PORTAL, &keys, &config(), NOW).unwrap_err();
        assert_eq!((refused.kid.as_str(), refused.at), ("b", planned.activates_at));
    }

    #[test]
    fn a_key_passes_through_its_states_by_the_clock() {
        let at = |seconds| NOW + Duration::from_secs(seconds);
        let key = SigningKeyRecord {
            created_at: NOW,
            retires_at: Some(at(20)),
            gone_at: Some(at(30)),
            ..key("a", at(10))
        };
        let phase = |seconds| {
            let Phase { state, since, until } = key.phase(at(seconds));
            (state, (since - NOW).as_secs(), until.map(|until| (until - NOW).as_secs()))
        };
        assert_eq!(phase(0), (KeyState::Next, 0, Some(10)));
        assert_eq!(phase(10), (KeyState::Active, 10, Some(20)));
        assert_eq!(phase(20), (KeyState::Retired, 20, Some(30)));
        assert_eq!(phase(30), (KeyState::Gone, 30, None));
    }

    #[test]
    fn a_key_of_the_clients_verifies_for_as_long_as_their_longest_token_lives() {
        let line = KeyLine::Clients(ClientAlgorithm::Es256);
        let mut first = key("a", NOW);
        first.purpose = "clients".to_owned();
        let (_, retires_at, gone_at) = plan(line, &[first], &config(), NOW).retire.unwrap();
        assert!(gone_at - retires_at > LONGEST_CLIENT_TOKEN);
    }

    #[test]
    fn a_line_has_its_own_keys_and_no_others() {
        let portal = key("a", NOW);
        let mut clients = key("b", NOW);
        clients.purpose = "clients".to_owned();
        let all = [portal, clients];
        let kids = |line: KeyLine| line.keys(&all).into_iter().map(|key| key.kid).collect::<Vec<_>>();
        assert_eq!(kids(PORTAL), ["a"]);
        assert_eq!(kids(KeyLine::Clients(ClientAlgorithm::Es256)), ["b"]);
        assert_eq!(kids(KeyLine::Clients(ClientAlgorithm::Rs256)), [""; 0]);
    }
}
