//! What an administrator sets of a provider: parsed, and checked as a whole.

use crate::{
    model::{
        display_name::DisplayName,
        oauth::scope::{OPENID, Scopes},
        role::Role,
        upstream::{algorithms::Algorithms, claim_rule::ClaimRules, preset::Preset, sign_up::SignUp},
    },
    server::{error::Error, store::upstream_providers::Provider},
};

/// Longest id and longest secret that a provider gives.
const MAX_LENGTH: usize = 500;

/// What an administrator sets of a provider, as it was typed. What is `None` stays as it is.
#[derive(Clone, Default)]
pub struct ProviderSettings {
    pub name: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// With spaces between.
    pub scopes: Option<String>,
    /// With spaces between.
    pub algorithms: Option<String>,
    pub sign_up: Option<String>,
    pub linking: Option<bool>,
    /// One a line.
    pub rules: Option<String>,
    pub admin_by_rule: Option<bool>,
    pub private_address: Option<bool>,
}

/// Without the secret.
impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSettings").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ProviderSettings {
    /// Parses what was typed and puts it into a provider; or says which field is wrong.
    pub(super) fn apply(&self, provider: &mut Provider) -> Result<(), Error> {
        self.apply_words(provider)?;
        self.apply_lists(provider)?;
        provider.linking = self.linking.unwrap_or(provider.linking);
        provider.admin_by_rule = self.admin_by_rule.unwrap_or(provider.admin_by_rule);
        provider.private_address = self.private_address.unwrap_or(provider.private_address);
        check(provider)
    }

    fn apply_words(&self, provider: &mut Provider) -> Result<(), Error> {
        if let Some(text) = &self.name {
            provider.name = DisplayName::parse(text).map_err(|problem| Error::invalid("name", problem))?;
        }
        if let Some(text) = &self.client_id {
            provider.client_id = one_word("client_id", text)?;
        }
        if let Some(text) = &self.sign_up {
            provider.sign_up = SignUp::parse(text).map_err(|problem| Error::invalid("sign_up", problem))?;
        }
        Ok(())
    }

    fn apply_lists(&self, provider: &mut Provider) -> Result<(), Error> {
        if let Some(text) = &self.scopes {
            provider.scopes = Scopes::parse(text).map_err(|problem| Error::invalid("scope", problem))?;
        }
        if let Some(text) = &self.algorithms {
            provider.algorithms =
                Algorithms::parse(text).map_err(|problem| Error::invalid("algorithm", problem))?;
        }
        if let Some(text) = &self.rules {
            provider.rules = ClaimRules::parse(text).map_err(|problem| Error::invalid("rule", problem))?;
        }
        Ok(())
    }

    /// The secret, if one is given.
    pub(super) fn secret(&self) -> Result<Option<String>, Error> {
        self.client_secret.as_deref().map(|text| one_word("client_secret", text)).transpose()
    }
}

/// What must fit together, whatever was changed.
fn check(provider: &Provider) -> Result<(), Error> {
    if let Some(problem) = provider.preset.refuses(provider.issuer.as_str()) {
        return Err(Error::invalid("issuer", problem));
    }
    if provider.preset != Preset::GitHub && !provider.scopes.contains(OPENID) {
        return Err(Error::invalid("scope", "Without openid the provider says nothing that is signed."));
    }
    if matches!(provider.sign_up, SignUp::Domains(_)) && !provider.preset.verifies_addresses() {
        let problem = "An address from this provider proves nothing, so a domain can\u{2019}t decide who gets an account.";
        return Err(Error::invalid("sign_up", problem));
    }
    if provider.rules.decide(Role::Admin) && !provider.admin_by_rule {
        let problem =
            "A rule gives the role admin. Allow that too, if whoever runs the provider may administer here.";
        return Err(Error::invalid("rule", problem));
    }
    Ok(())
}

/// What a provider gives: printable, and without spaces.
pub(super) fn one_word(field: &'static str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    let good =
        !text.is_empty() && text.len() <= MAX_LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic());
    if good {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid(
            field,
            format!("Enter it as the provider shows it: printable, {MAX_LENGTH} characters at most."),
        ))
    }
}
