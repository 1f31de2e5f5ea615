//! The apps that one has allowed something.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{error::ApiError, json::Json, oauth::app::AllowedApp},
};

/// The apps that may do something for whoever asks, by name.
#[server(prefix = "/api", endpoint = "account/apps", client = AuthClient, output = Json)]
pub async fn list_apps() -> Result<Vec<AllowedApp>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{oauth::apps, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        apps::list(&caller.state, &principal.user).await
    })
    .await
}

/// Takes back what an app was allowed. Its sessions and grants end at once.
#[server(prefix = "/api", endpoint = "account/revoke_app", client = AuthClient, output = Json)]
pub async fn revoke_app(client_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{error::Error, oauth::consent, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::EndSessions).await?;
        let id = ClientId::parse(&client_id).map_err(|_| Error::NotFound)?;
        let (state, user) = (&caller.state, &principal.user);
        consent::revoke(state, caller.context(), Some(user), user, &id).await
    })
    .await
}
