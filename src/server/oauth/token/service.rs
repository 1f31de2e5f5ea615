//! What a service gets for itself (RFC 6749 §4.4).

use super::respond::{TokenAnswer, for_itself};
use crate::{
    model::oauth::scope::Scopes,
    server::{
        client_info::ActionContext,
        oauth::{
            authorize::request::resources,
            error::{OAuthCode, OAuthError},
            parameters::Parameters,
        },
        state::AppState,
        store::clients::Client,
    },
};

/// An access token for the services that the client names, or for all that it may use.
pub async fn authorize(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let asked = Scopes::parse(parameters.get("scope").unwrap_or_default()).ok();
    let asked = asked.filter(|scopes| scopes.is_subset(&client.scopes));
    let too_much =
        || OAuthError::new(OAuthCode::InvalidScope, "The client may not ask for all of these scopes.");
    let asked = asked.ok_or_else(too_much)?;
    let scopes = if asked.is_empty() { &client.scopes } else { &asked };
    let named = resources(parameters, &client.resources)?;
    let resources = if named.is_empty() { &client.resources } else { &named };
    if resources.is_empty() {
        return Err(OAuthError::new(OAuthCode::InvalidTarget, "The client is registered for no resource."));
    }
    for_itself(state, context.now, client, scopes, resources).await
}
