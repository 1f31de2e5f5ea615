//! A provider as administrators see it.

use serde::{Deserialize, Serialize};

use super::{preset::Preset, slug::ProviderSlug};
use crate::model::utc_time::UtcTime;

/// A provider with what was set, and the two addresses that the provider must know. Never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting that stands for itself")]
pub struct ProviderReport {
    pub slug: ProviderSlug,
    pub name: String,
    pub preset: Preset,
    pub issuer: String,
    pub client_id: String,
    pub scope: String,
    pub algorithms: String,
    pub sign_up: String,
    /// Whether people may link it to their account.
    pub linking: bool,
    pub rules: Vec<String>,
    /// Whether a rule may give the role `admin`.
    pub admin_by_rule: bool,
    /// Whether it may be inside the network.
    pub private_address: bool,
    pub enabled: bool,
    /// Where the provider sends people back.
    pub redirect_uri: String,
    /// Where the provider says that somebody has signed out there.
    pub backchannel_logout_uri: String,
    pub created_at: UtcTime,
    /// When it last said what it is.
    pub discovered_at: UtcTime,
    /// What went wrong since, when it was asked last.
    pub discovery_failure: Option<DiscoveryFailure>,
}

/// Why a provider that was asked about itself stays as it was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryFailure {
    pub at: UtcTime,
    pub problem: String,
}

/// A provider, and how many come in through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderDetails {
    pub provider: ProviderReport,
    /// How many accounts are linked to it.
    pub accounts: i64,
}

/// All providers, and what one more must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderList {
    pub items: Vec<ProviderDetails>,
    /// Where a provider sends people back, with `SLUG` where its slug will be.
    pub redirect_uri: String,
}
