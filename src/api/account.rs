//! One's own account.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{app::session::client::AuthClient, model::account::Account};

/// The account of whoever asks.
#[server(prefix = "/api", endpoint = "account/me", client = AuthClient, output = Json)]
pub async fn me() -> Result<Account, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::profile, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ReadAccount).await?;
        Ok(profile::get(&request.state, &principal.user).await?.account())
    })
    .await
}

/// Changes the name that one goes by.
#[server(prefix = "/api", endpoint = "account/update_profile", client = AuthClient, output = Json)]
pub async fn update_profile(display_name: String) -> Result<Account, ApiError> {
    use crate::{
        model::{display_name::DisplayName, role::Permission},
        server::{accounts::profile, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ManageAccount).await?;
        let name =
            DisplayName::parse(&display_name).map_err(|problem| Error::invalid("display_name", problem))?;
        Ok(profile::rename(&request.state, request.context(), &principal.user, name).await?.account())
    })
    .await
}
