//! What a client asks for, validated.

use serde::{Deserialize, Serialize};

use super::{resource::Resources, scope::Scopes};
use crate::model::{id::UserId, level::Level};

/// An authorization request, as it is stored. Whoever decides later reads it from there and nothing of it from the
/// browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// As it was asked for: where one is registered for a loopback address, with another port.
    pub redirect_uri: String,
    pub state: Option<String>,
    pub scopes: Scopes,
    pub resources: Resources,
    pub nonce: Option<String>,
    /// PKCE, S256: the hash of the verifier, as it was sent.
    pub challenge: String,
    pub prompt: Prompt,
    /// Seconds since the person proved who they are, at most.
    pub max_age: Option<u32>,
    /// The levels of authentication that it takes, of those that there are here. None: any.
    #[serde(default)]
    pub acr_values: Vec<Level>,
    pub login_hint: Option<String>,
    /// The one person it is about: whom the `id_token_hint` names.
    pub subject: Option<UserId>,
}

impl AuthorizationRequest {
    /// The first level of those that it takes that somebody meets with this one; nothing if it asked for none, and an error
    /// if this one is too low.
    pub fn met_by(&self, level: Level) -> Result<Option<Level>, TooLow> {
        let met = self.acr_values.iter().copied().find(|wanted| *wanted <= level);
        if met.is_none() && !self.acr_values.is_empty() { Err(TooLow) } else { Ok(met) }
    }
}

/// No level that was asked for is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLow;

/// What the person must be asked (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one value of the standard's, and any may come with another"
)]
pub struct Prompt {
    /// Nothing at all: what would need a question is an error.
    pub none: bool,
    /// The password, again.
    pub login: bool,
    /// Consent, even if there is one.
    pub consent: bool,
    /// Which account.
    pub select_account: bool,
}

/// A value that is none of the standard's, or `none` with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The parameter prompt is not one of none, login, consent and select_account, or has none with another."
)]
pub struct InvalidPrompt;

impl Prompt {
    pub fn parse(text: &str) -> Result<Self, InvalidPrompt> {
        let mut prompt = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => return Err(InvalidPrompt),
            }
        }
        let others = prompt.login || prompt.consent || prompt.select_account;
        if prompt.none && others { Err(InvalidPrompt) } else { Ok(prompt) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_question_goes_with_no_other_prompt() {
        let prompt = Prompt::parse("login  consent").unwrap();
        assert!(prompt.login && prompt.consent && !prompt.none && !prompt.select_account);
        assert!(Prompt::parse("none").unwrap().none);
        for text in ["none login", "create", "LOGIN"] {
            assert_eq!(Prompt::parse(text), Err(InvalidPrompt), "{text}");
        }
    }
}
