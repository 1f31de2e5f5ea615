//! The token endpoint: a client that has proved who it is exchanges what it holds for tokens.

mod device;
mod redeem;
mod refresh;
mod respond;
mod service;

pub use device::GRANT_TYPE as DEVICE_CODE;
pub use respond::TokenAnswer;

use super::{
    error::{OAuthCode, OAuthError},
    parameters::Parameters,
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{client_info::ActionContext, state::AppState, store::clients::Client},
};

/// Answers a client by the grant that it names.
pub async fn exchange(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
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
