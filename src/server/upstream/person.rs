//! Who somebody is, as a provider says it.

use serde_json::Value;

use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        upstream::{claim_rule::find, sign_up::SignUp},
    },
    server::{
        clock::Timestamp,
        store::{upstream_providers::Provider, upstream_sessions::UpstreamSession},
        tokens::upstream::IdToken,
    },
};

/// Somebody who has just signed in at a provider.
#[derive(Debug)]
pub struct UpstreamPerson {
    pub subject: String,
    /// What the provider calls its own session.
    pub sid: Option<String>,
    /// When they proved there who they are; nothing: the provider does not say.
    pub authenticated_at: Option<Timestamp>,
    pub name: Option<String>,
    pub email: Option<EmailAddress>,
    /// As the provider says it, in the document that the address is from.
    pub email_verified: bool,
    /// All that is known, for the rules.
    pub claims: Value,
}

impl UpstreamPerson {
    /// Puts together what the ID token says and what userinfo says of the same person. The address and whether it is
    /// verified are from one document (keycloak CVE-2026-14781).
    pub fn of(id_token: IdToken, userinfo: Option<Value>) -> Self {
        let IdToken { subject, sid, authenticated_at, claims } = id_token;
        let document = match &userinfo {
            Some(userinfo) if claims.get("email").is_none() => userinfo,
            _ => &claims,
        };
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let email = text("email").and_then(|email| EmailAddress::parse(email).ok());
        // Some send the text "true". What is absent is not true.
        let is_true = |value: &Value| value == &Value::Bool(true) || value.as_str() == Some("true");
        let email_verified = document.get("email_verified").is_some_and(is_true);
        let name = text("name").or_else(|| text("preferred_username")).map(str::to_owned);
        Self { subject, sid, authenticated_at, name, email, email_verified, claims: merged(claims, userinfo) }
    }

    /// What their session here remembers.
    pub fn session(&self, provider: &Provider) -> UpstreamSession {
        let Self { subject, sid, .. } = self;
        UpstreamSession { provider: provider.id.clone(), subject: subject.clone(), sid: sid.clone() }
    }

    /// The address as it is shown.
    pub fn shown_email(&self) -> String {
        self.email.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether the provider has verified the address, and may be believed.
    pub fn has_verified_address(&self, provider: &Provider) -> bool {
        self.email_verified && provider.preset.verifies_addresses()
    }

    /// The name of a new account: as the provider calls them, or else as their address does.
    pub fn display_name(&self, email: &EmailAddress) -> Option<DisplayName> {
        let local = email.as_str().split('@').next();
        self.name.as_deref().into_iter().chain(local).find_map(|name| DisplayName::parse(name).ok())
    }

    /// Whether they get an account by signing in.
    pub fn may_sign_up(&self, provider: &Provider) -> bool {
        match &provider.sign_up {
            SignUp::Closed | SignUp::Invited => false,
            SignUp::Open => true,
            SignUp::Domains(domains) => {
                let address = self.email.as_ref().filter(|_| self.has_verified_address(provider));
                let domain = address.and_then(|email| email.as_str().rsplit_once('@'));
                let claimed = provider.preset.domain_claim().map(|claim| self.claims.get(claim));
                domain.is_some_and(|(_, domain)| {
                    let is_own =
                        claimed.is_none_or(|claimed| claimed.and_then(Value::as_str) == Some(domain));
                    is_own && domains.iter().any(|allowed| allowed == domain)
                })
            }
        }
    }
}

/// What the ID token says, and of the rest what userinfo says.
fn merged(mut claims: Value, userinfo: Option<Value>) -> Value {
    if let (Value::Object(claims), Some(Value::Object(userinfo))) = (&mut claims, userinfo) {
        for (name, value) in userinfo {
            claims.entry(name).or_insert(value);
        }
    }
    claims
}

/// Whether userinfo is worth a call: something that is needed is not in the ID token.
pub fn needs_userinfo(provider: &Provider, claims: &Value) -> bool {
    claims.get("email").is_none() || provider.rules.iter().any(|rule| find(claims, &rule.claim).is_none())
}
