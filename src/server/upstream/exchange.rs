//! What comes for a code: tokens, and who they are about.

use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde_json::Value;

use super::{
    answer::{read, unavailable},
    github,
    person::{UpstreamPerson, needs_userinfo},
    refused::{Reason, Refused},
};
use crate::{
    model::{query::encode_value, upstream::preset::Preset},
    server::{
        clock::Timestamp,
        fetch::{Credential, Fetcher},
        key_sets::{NoKeys, of_provider, reach},
        state::AppState,
        store::{sealed_secrets, upstream_providers::Provider},
        tokens::upstream::{Demanded, IdToken, UpstreamTokenError, verify_id_token},
    },
};

/// What the token endpoint answers. Nothing of it is stored.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    #[serde(default)]
    id_token: Option<String>,
}

/// A code, and what belongs to it.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    pub value: &'a str,
    pub verifier: &'a str,
    pub redirect_uri: &'a str,
}

/// Makes sure that what the provider signs can be verified: that its keys are known, or can be read now.
pub async fn require_keys(state: &AppState, provider: &Provider) -> Result<(), Refused> {
    // Who somebody is at GitHub is signed by nobody.
    if provider.preset != Preset::GitHub {
        state.key_sets.get(of_provider(provider).map_err(no_keys)?).await.map_err(no_keys)?;
    }
    Ok(())
}

/// Redeems a code, and finds out who has signed in.
pub async fn exchange(
    state: &AppState,
    now: Timestamp,
    provider: &Provider,
    code: Code<'_>,
    demanded: Demanded<'_>,
) -> Result<UpstreamPerson, Refused> {
    let fetcher = state.key_sets.fetcher().await.map_err(unavailable)?;
    let tokens = redeem(state, fetcher, provider, code).await?;
    if provider.preset == Preset::GitHub {
        return github::person(fetcher, provider, &tokens.access_token).await;
    }
    // Without a good ID token nobody is signed in, whatever userinfo would say.
    let token = tokens.id_token.as_deref().ok_or(Refused::NotBelieved(Reason::Answer("token")))?;
    let id_token = verify(state, now, provider, token, demanded).await?;
    let userinfo = match provider.metadata.userinfo_endpoint.as_deref() {
        Some(endpoint) if needs_userinfo(provider, &id_token.claims) => {
            Some(userinfo(fetcher, provider, endpoint, &tokens, &id_token).await?)
        }
        _ => None,
    };
    Ok(UpstreamPerson::of(id_token, userinfo))
}

async fn redeem(
    state: &AppState,
    fetcher: &Fetcher,
    provider: &Provider,
    code: Code<'_>,
) -> Result<Tokens, Refused> {
    let secret = client_secret(state, provider).await?;
    let Code { value, verifier, redirect_uri } = code;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", value),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    // Both are encoded as in a form before they go into the header (RFC 6749 §2.3.1).
    let (id, encoded) = (encode_value(&provider.client_id), secret.as_deref().map(encode_value));
    let credential = match &encoded {
        Some(encoded) if !provider.metadata.takes_secret_in_form_alone() => Credential::Basic(&id, encoded),
        _ => {
            fields.push(("client_id", &provider.client_id));
            fields.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
            Credential::None
        }
    };
    let answer = fetcher.post(&provider.metadata.token_endpoint, reach(provider), credential, &fields).await;
    read("token", answer)
}

/// The secret with which we prove who we are; nothing: the provider has given none.
async fn client_secret(state: &AppState, provider: &Provider) -> Result<Option<String>, Refused> {
    let name = provider.secret_name();
    let mut reader = state.store.read().await?;
    let Some(sealed) = sealed_secrets::get(&mut reader, &name).await? else { return Ok(None) };
    let opened = state.vault.open(&name, &sealed)?;
    Ok(Some(String::from_utf8_lossy(&opened).into_owned()))
}

/// Verifies the ID token with the keys that are known; or with newer ones, if it names one that is not.
async fn verify(
    state: &AppState,
    now: Timestamp,
    provider: &Provider,
    token: &str,
    demanded: Demanded<'_>,
) -> Result<IdToken, Refused> {
    let check = |keys: &JwkSet| verify_id_token(token, provider, keys, demanded, now);
    let place = of_provider(provider).map_err(no_keys)?;
    let keys = state.key_sets.get(place).await.map_err(no_keys)?;
    let verified = match check(&keys.signing) {
        Err(UpstreamTokenError::UnknownKey) => {
            check(&state.key_sets.get_newer_of_owner(place).await.map_err(no_keys)?.signing)
        }
        verified => verified,
    };
    verified.map_err(|error| Refused::NotBelieved(error.into()))
}

/// What userinfo says, if it is about the same person (OpenID Connect Core §5.3.2).
async fn userinfo(
    fetcher: &Fetcher,
    provider: &Provider,
    endpoint: &str,
    tokens: &Tokens,
    id_token: &IdToken,
) -> Result<Value, Refused> {
    let credential = Credential::Bearer(&tokens.access_token);
    let said: Value = read("userinfo", fetcher.get(endpoint, reach(provider), credential).await)?;
    if said.get("sub").and_then(Value::as_str) == Some(&id_token.subject) {
        Ok(said)
    } else {
        Err(Refused::NotBelieved(Reason::OtherSubject))
    }
}

fn no_keys(error: NoKeys) -> Refused {
    Refused::Unavailable(error.into())
}
