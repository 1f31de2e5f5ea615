//! Signing keys, for administrators.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{error::ApiError, json::Json, signing_key::SigningKey},
};

/// All keys, the newest first.
#[server(prefix = "/api", endpoint = "admin/keys/list", client = AuthClient, output = Json)]
pub async fn list_keys() -> Result<Vec<SigningKey>, ApiError> {
    use crate::{model::role::Permission, server::request::caller::Caller};
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let keys = caller.state.key_manager().list(caller.now).await?;
        Ok(keys.into_iter().map(SigningKey::from).collect())
    })
    .await
}

/// Publishes new keys, which sign once everybody can know them. Returns all keys.
#[server(prefix = "/api", endpoint = "admin/keys/rotate", client = AuthClient, output = Json)]
pub async fn rotate_keys() -> Result<Vec<SigningKey>, ApiError> {
    use crate::{model::role::Permission, server::request::caller::Caller};
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        caller.state.key_manager().rotate(caller.context(), Some(&principal.user)).await?;
        caller.state.reload_keys().await?;
        let keys = caller.state.key_manager().list(caller.now).await?;
        Ok(keys.into_iter().map(SigningKey::from).collect())
    })
    .await
}
