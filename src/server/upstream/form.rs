//! A provider's settings as a form has them.

use super::ProviderSettings;
use crate::server::{error::Error, oauth::clients::yes_or_no};

/// What a form can set of a provider. What is missing stays as it is.
#[derive(Default)]
pub struct ProviderForm {
    pub name: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub scope: Option<String>,
    pub algorithm: Option<String>,
    pub sign_up: Option<String>,
    /// Domains with spaces between, for the policy that asks for them.
    pub domain: Option<String>,
    pub linking: Option<String>,
    pub rule: Option<String>,
    pub admin_by_rule: Option<String>,
    pub allow_private_address: Option<String>,
}

impl TryFrom<ProviderForm> for ProviderSettings {
    type Error = Error;
    fn try_from(form: ProviderForm) -> Result<Self, Error> {
        let switch = |field, text: Option<String>| text.map(|text| yes_or_no(field, &text)).transpose();
        let domains = form.domain.unwrap_or_default();
        Ok(Self {
            name: form.name,
            client_id: form.client_id,
            client_secret: form.client_secret,
            scopes: form.scope,
            algorithms: form.algorithm,
            sign_up: form.sign_up.map(|policy| format!("{policy} {domains}")),
            linking: switch("linking", form.linking)?,
            rules: form.rule,
            admin_by_rule: switch("admin_by_rule", form.admin_by_rule)?,
            private_address: switch("allow_private_address", form.allow_private_address)?,
        })
    }
}
