//! What is known of providers that many people use: their quirks, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose quirks a provider has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// One that keeps to the standard.
    #[default]
    OpenId,
    Google,
    /// Microsoft Entra ID.
    Entra,
    Auth0,
    Okta,
    /// It has no ID tokens: who somebody is stands at an address of its own (OAuth 2.0 alone).
    GitHub,
    Keycloak,
    Latchkey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This must be one of: openid, google, entra, auth0, okta, github, keycloak, latchkey.")]
pub struct UnknownPreset;

impl Preset {
    pub const ALL: [Self; 8] = [
        Self::OpenId,
        Self::Google,
        Self::Entra,
        Self::Auth0,
        Self::Okta,
        Self::GitHub,
        Self::Keycloak,
        Self::Latchkey,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Google => "google",
            Self::Entra => "entra",
            Self::Auth0 => "auth0",
            Self::Okta => "okta",
            Self::GitHub => "github",
            Self::Keycloak => "keycloak",
            Self::Latchkey => "latchkey",
        }
    }

    /// As people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::OpenId => "Another OpenID Provider",
            Self::Google => "Google",
            Self::Entra => "Microsoft Entra ID",
            Self::Auth0 => "Auth0",
            Self::Okta => "Okta",
            Self::GitHub => "GitHub",
            Self::Keycloak => "Keycloak",
            Self::Latchkey => "Another Latchkey",
        }
    }

    /// The letter that a provider of this name is told by at a glance.
    pub fn initial(self, name: &str) -> String {
        let called = match self {
            Self::OpenId | Self::Latchkey => name,
            known => known.label(),
        };
        called.chars().next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default()
    }

    pub fn parse(name: &str) -> Result<Self, UnknownPreset> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name).ok_or(UnknownPreset)
    }

    /// The issuer, where there is one for everybody.
    pub const fn issuer(self) -> Option<&'static str> {
        match self {
            Self::Google => Some("https://accounts.google.com"),
            Self::GitHub => Some("https://github.com"),
            _ => None,
        }
    }

    /// What is asked for unless it is said otherwise.
    pub const fn scopes(self) -> &'static str {
        match self {
            Self::GitHub => "read:user user:email",
            Self::Latchkey => "openid profile email groups roles",
            _ => "openid profile email",
        }
    }

    /// Whether it says `email_verified` of addresses that their owner has proved. In Entra an administrator of any tenant
    /// writes any address into an account ("nOAuth"), so there it proves nothing.
    pub const fn verifies_addresses(self) -> bool {
        !matches!(self, Self::Entra)
    }

    /// Whether it can be asked to have somebody prove once more who they are, and says when they did (`auth_time`).
    pub const fn says_when(self) -> bool {
        !matches!(self, Self::Google | Self::GitHub)
    }

    /// The claim that names the organisation that an address belongs to, where the address alone does not say it: anybody
    /// can have a Google account with an address of any domain, and only the domain's own accounts have `hd`.
    pub const fn domain_claim(self) -> Option<&'static str> {
        match self {
            Self::Google => Some("hd"),
            _ => None,
        }
    }

    /// What is wrong with an issuer, if something is.
    pub fn refuses(self, issuer: &str) -> Option<&'static str> {
        let ends = |end| issuer.ends_with(end);
        match self {
            Self::Google | Self::GitHub if self.issuer() != Some(issuer) => {
                Some("This preset has another issuer.")
            }
            Self::Entra
                if ["common", "organizations", "consumers"]
                    .iter()
                    .any(|all| issuer.contains(&format!("/{all}/"))) =>
            {
                Some("Name your tenant by its id: this address is for the accounts of everybody.")
            }
            Self::Entra if !ends("/v2.0") => Some("The issuer of a tenant ends in /v2.0."),
            Self::Auth0 if !ends("/") => Some("Auth0's issuers end in a slash."),
            Self::Okta | Self::Keycloak | Self::Latchkey if ends("/") => {
                Some("This issuer does not end in a slash.")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_called_the_same_by_programs_everywhere() {
        for preset in Preset::ALL {
            assert_eq!(serde_json::to_value(preset).unwrap(), preset.as_str());
            assert_eq!(Preset::parse(preset.as_str()), Ok(preset));
        }
    }

    #[test]
    fn a_provider_is_told_by_the_first_letter_of_what_it_is() {
        assert_eq!(Preset::Entra.initial("Our school"), "M");
        assert_eq!(Preset::OpenId.initial("our school"), "O");
    }

    #[test]
    fn each_preset_knows_the_quirks_of_its_issuers() {
        for (preset, issuer, good) in [
            (Preset::OpenId, "https://id.example.org/", true),
            (Preset::Google, "https://accounts.google.com", true),
            (Preset::Google, "https://accounts.google.com/", false),
            (
                Preset::Entra,
                "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
                true,
            ),
            (Preset::Entra, "https://login.microsoftonline.com/common/v2.0", false),
            (Preset::Entra, "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", false),
            (Preset::Auth0, "https://a.eu.auth0.com/", true),
            (Preset::Auth0, "https://a.eu.auth0.com", false),
            (Preset::Okta, "https://a.okta.com", true),
            (Preset::Okta, "https://a.okta.com/", false),
            (Preset::Keycloak, "https://id.example.org/realms/a", true),
            (Preset::Latchkey, "https://id.example.org", true),
            (Preset::GitHub, "https://github.example.org", false),
        ] {
            assert_eq!(preset.refuses(issuer).is_none(), good, "{preset} {issuer}");
        }
        for preset in Preset::ALL {
            assert_eq!(Preset::parse(preset.as_str()), Ok(preset));
        }
    }
}
