//! A provider as administrators see it.

use serde::{Deserialize, Serialize};

use super::slug::ProviderSlug;

/// A provider with what was set, and the two addresses that the provider must know. Never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting that stands for itself")]
pub struct ProviderReport {
    pub slug: ProviderSlug,
    pub name: String,
    pub preset: String,
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
}
