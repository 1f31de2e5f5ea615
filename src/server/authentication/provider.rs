//! The word of a provider as evidence.

use super::evidence::Evidence;
use crate::{model::methods::Method, server::clock::Timestamp};

/// Somebody has signed in at a provider at that moment, and what it says was verified. Whether it counts as two factors
/// is said by the provider's rules.
pub fn vouched(at: Timestamp, two_factors: bool) -> Evidence {
    let method = if two_factors { Method::ProviderWithTwoFactors } else { Method::Provider };
    Evidence::of(method, at)
}
