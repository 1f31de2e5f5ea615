//! Randomness, which everything else takes as an argument: the one file that draws it (`clippy.toml`).

use std::{fmt, sync::Arc};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::server::clock::Timestamp;

/// The system's cryptographic random number generator.
#[derive(Clone)]
pub struct Entropy(Arc<SystemRandom>);

/// The system gave no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoEntropy;

impl Entropy {
    #[expect(clippy::disallowed_methods, reason = "this is the file that owns the generator")]
    pub fn system() -> Self {
        Self(Arc::new(SystemRandom::new()))
    }

    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).map_err(|_| NoEntropy)?;
        Ok(bytes)
    }

    /// A new id: UUIDv7 (RFC 9562 §5.7), so that rows in the order of their ids are in the order of their making.
    pub fn uuid(&self, now: Timestamp) -> Result<String, NoEntropy> {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()?).into_uuid();
        Ok(id.hyphenated().to_string())
    }

    /// For the functions of aws-lc-rs that draw for themselves.
    pub fn source(&self) -> &SystemRandom {
        &self.0
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_in_order() {
        let entropy = Entropy::system();
        let ids: Vec<_> =
            (0..5).map(|n| entropy.uuid(Timestamp::from_seconds(1_000_000 + n)).unwrap()).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(crate::model::id::UserId::parse(&ids[0]).is_ok());
    }
}
