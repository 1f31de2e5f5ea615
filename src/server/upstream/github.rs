//! GitHub, which is no OpenID Provider: who somebody is stands at an address of its own.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    answer::read,
    person::UpstreamPerson,
    refused::{Reason, Refused},
};
use crate::{
    model::{email::EmailAddress, upstream::metadata::Metadata},
    server::{
        fetch::{Credential, Fetcher},
        key_sets::reach,
        store::upstream_providers::Provider,
    },
};

/// What GitHub would say of itself.
pub fn metadata() -> Metadata {
    Metadata {
        issuer: "https://github.com".to_owned(),
        authorization_endpoint: "https://github.com/login/oauth/authorize".to_owned(),
        token_endpoint: "https://github.com/login/oauth/access_token".to_owned(),
        jwks_uri: None,
        userinfo_endpoint: Some("https://api.github.com/user".to_owned()),
        id_token_signing_alg_values_supported: Vec::new(),
        token_endpoint_auth_methods_supported: Some(vec!["client_secret_post".to_owned()]),
        authorization_response_iss_parameter_supported: false,
    }
}

/// One of somebody's addresses.
#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// Who has signed in: the number of the account, which stays when its name changes; and its primary address, if it is
/// verified. The address on the profile is whatever its owner likes.
pub async fn person(
    fetcher: &Fetcher,
    provider: &Provider,
    access_token: &str,
) -> Result<UpstreamPerson, Refused> {
    let user_endpoint = provider.metadata.userinfo_endpoint.as_deref().unwrap_or_default();
    let user: Value = get(fetcher, provider, user_endpoint, access_token).await?;
    let id = user.get("id").and_then(Value::as_u64).filter(|id| *id > 0);
    let subject = id.ok_or(Refused::NotBelieved(Reason::Answer("user")))?.to_string();
    let addresses: Vec<Address> =
        get(fetcher, provider, &format!("{user_endpoint}/emails"), access_token).await?;
    let primary = addresses.into_iter().find(|address| address.primary && address.verified);
    let name = ["name", "login"].into_iter().find_map(|name| user.get(name).and_then(Value::as_str));
    Ok(UpstreamPerson {
        subject,
        sid: None,
        authenticated_at: None,
        name: name.map(str::to_owned),
        email: primary.and_then(|address| EmailAddress::parse(&address.email).ok()),
        email_verified: true,
        claims: user,
    })
}

async fn get<T: DeserializeOwned>(
    fetcher: &Fetcher,
    provider: &Provider,
    address: &str,
    access_token: &str,
) -> Result<T, Refused> {
    read("user", fetcher.get(address, reach(provider), Credential::Bearer(access_token)).await)
}
