//! The token endpoint: a client that has proved who it is exchanges what it holds for tokens.

mod device;
mod redeem;
mod refresh;
mod respond;
mod service;

pub use device::GRANT_TYPE as DEVICE_CODE;
pub use respond::TokenAnswer;

use std::sync::Arc;

use super::{
    error::{OAuthCode, OAuthError},
    parameters::Parameters,
};
use crate::{
    model::oauth::{client_kind::ClientKind, resource::Resource, scope::Scopes},
    server::{
        client_info::ActionContext,
        grants::{
            narrowing::{Narrowing, TooMuch},
            rules::is_allowed,
        },
        state::AppState,
        store::{clients::Client, standings::Standing},
    },
};

/// Answers a client by the grant that it names.
pub async fn exchange(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Arc<Client>,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let is_service = client.kind == ClientKind::Service;
    match parameters.require("grant_type")? {
        "authorization_code" if client.kind.has_redirects() => {
            redeem::redeem(state, context, client, parameters).await
        }
        "refresh_token" if !is_service => refresh::refresh(state, context, client, parameters).await,
        "client_credentials" if is_service => service::authorize(state, context, client, parameters).await,
        DEVICE_CODE if client.kind == ClientKind::Device => {
            device::redeem(state, context, client, parameters).await
        }
        "authorization_code" | "refresh_token" | "client_credentials" | DEVICE_CODE => {
            Err(OAuthError::new(OAuthCode::UnauthorizedClient, "A client of this kind has other grants."))
        }
        _ => Err(OAuthError::new(OAuthCode::UnsupportedGrantType, "There is no such grant type.")),
    }
}

/// What the access token is to be for.
fn narrowing(parameters: &Parameters) -> Result<Narrowing, OAuthError> {
    let scopes = Scopes::parse(parameters.get("scope").unwrap_or_default());
    let resources = parameters.all("resource").map(Resource::parse).collect::<Result<_, _>>();
    Ok(Narrowing {
        scopes: scopes.map_err(|_| TooMuch::Scopes)?,
        resources: resources.map_err(|_| TooMuch::Resources)?,
    })
}

impl From<TooMuch> for OAuthError {
    fn from(too_much: TooMuch) -> Self {
        match too_much {
            TooMuch::Scopes => Self::new(OAuthCode::InvalidScope, "This is more than was granted."),
            TooMuch::Resources => {
                Self::new(OAuthCode::InvalidTarget, "This resource is not one of the client's.")
            }
        }
    }
}

/// Asks again what the grant stands on.
fn check_again(standing: &Standing, client: &Client) -> Result<(), OAuthError> {
    if is_allowed(standing, client) {
        Ok(())
    } else {
        Err(OAuthError::invalid_grant("The authorization no longer holds. Ask the person again."))
    }
}
