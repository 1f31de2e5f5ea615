//! One's own account.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{
    app::session::client::AuthClient,
    model::{account::Account, audit_event::AuditEvent, page::Page, session::Session},
};

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

/// Changes the password. Every session ends; the one that asks goes on as a new one.
#[server(prefix = "/api", endpoint = "account/change_password", client = AuthClient, output = Json)]
pub async fn change_password(current_password: String, new_password: String) -> Result<Session, ApiError> {
    use crate::{
        model::role::Permission,
        server::{
            accounts::{Password, change_password::change_password},
            request::Request,
        },
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ManageAccount).await?;
        let (current, new) = (Password::new(current_password), Password::new(new_password));
        let issued = change_password(&request.state, request.context(), &principal, &current, &new).await?;
        request.signed_in(issued, None)
    })
    .await
}

/// Deletes the account.
#[server(prefix = "/api", endpoint = "account/delete", client = AuthClient, output = Json)]
pub async fn delete_account(password: String) -> Result<(), ApiError> {
    use crate::{
        model::role::Permission,
        server::{
            accounts::{Password, delete::delete_own},
            request::Request,
            sessions::cookie,
        },
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ManageAccount).await?;
        delete_own(&request.state, request.context(), &principal, &Password::new(password)).await?;
        cookie::clear(&request.cookies);
        Ok(())
    })
    .await
}

/// What happened to one's account lately, the newest first.
#[server(prefix = "/api", endpoint = "account/activity", client = AuthClient, output = Json)]
pub async fn activity(cursor: Option<String>, limit: Option<String>) -> Result<Page<AuditEvent>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{audit::read::Wanted, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ReadAccount).await?;
        Wanted::of(&principal.user).page(&request.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}
