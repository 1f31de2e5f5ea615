//! Signing keys, for administrators.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{app::session::client::AuthClient, model::signing_key::SigningKey};

/// All keys, the newest first.
#[server(prefix = "/api", endpoint = "admin/keys/list", client = AuthClient, output = Json)]
pub async fn list_keys() -> Result<Vec<SigningKey>, ApiError> {
    use crate::{model::role::Permission, server::request::Request};
    Request::answer(async |request| {
        request.require(Permission::ReadAdministration).await?;
        let keys = request.state.key_manager().list(request.now).await?;
        Ok(keys.into_iter().map(SigningKey::from).collect())
    })
    .await
}

/// Publishes a new key, which signs once everybody can know it. Returns all keys.
#[server(prefix = "/api", endpoint = "admin/keys/rotate", client = AuthClient, output = Json)]
pub async fn rotate_keys() -> Result<Vec<SigningKey>, ApiError> {
    use crate::{model::role::Permission, server::request::Request};
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        request.state.key_manager().rotate(request.context(), Some(&principal.user)).await?;
        request.state.reload_keys().await?;
        let keys = request.state.key_manager().list(request.now).await?;
        Ok(keys.into_iter().map(SigningKey::from).collect())
    })
    .await
}
