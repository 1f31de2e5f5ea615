//! The providers that somebody can come in through.

use serde::{Deserialize, Serialize};

use super::slug::ProviderSlug;
use crate::model::utc_time::UtcTime;

/// A provider that somebody has linked to their account, or may link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedProvider {
    pub slug: ProviderSlug,
    /// As people call it.
    pub name: String,
    /// The address that it said last; empty: it said none. Nothing: it is not linked.
    pub email: Option<String>,
    pub linked_at: Option<UtcTime>,
}

/// Where the browser goes to link a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAddress {
    pub address: String,
}

/// A provider on the sign-in page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderButton {
    pub slug: ProviderSlug,
    pub name: String,
    /// What it is told by at a glance: a letter, because logos belong to others.
    pub initial: String,
}
