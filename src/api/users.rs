//! Accounts, for administrators.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{
    app::session::client::AuthClient,
    model::{
        page::Page,
        person::{Invitation, Person, PersonDetails, Revoked},
    },
};

/// Accounts whose address or name begins with `query`.
#[server(prefix = "/api", endpoint = "admin/users/list", client = AuthClient, output = Json)]
pub async fn list_users(
    query: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
) -> Result<Page<Person>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::directory, request::Request},
    };
    Request::answer(async |request| {
        request.require(Permission::ReadAdministration).await?;
        directory::search(&request.state, query.as_deref(), cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// One account and its live sessions.
#[server(prefix = "/api", endpoint = "admin/users/get", client = AuthClient, output = Json)]
pub async fn get_user(user_id: String) -> Result<PersonDetails, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::directory, error::Error, request::Request},
    };
    Request::answer(async |request| {
        request.require(Permission::ReadAdministration).await?;
        let id = UserId::parse(&user_id).map_err(|_| Error::NotFound)?;
        directory::get(&request.state, request.now, &id).await
    })
    .await
}

/// Makes an account, with a link on which its owner chooses a password.
#[server(prefix = "/api", endpoint = "admin/users/invite", client = AuthClient, output = Json)]
pub async fn invite_user(
    email: String,
    display_name: String,
    roles: Option<String>,
) -> Result<Invitation, ApiError> {
    use crate::{
        model::{
            display_name::DisplayName,
            email::EmailAddress,
            role::{Permission, Roles},
        },
        server::{accounts::invite::invite, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        let email = EmailAddress::parse(&email).map_err(|problem| Error::invalid("email", problem))?;
        let name =
            DisplayName::parse(&display_name).map_err(|problem| Error::invalid("display_name", problem))?;
        let roles =
            Roles::parse(&roles.unwrap_or_default()).map_err(|problem| Error::invalid("roles", problem))?;
        let made =
            invite(&request.state, request.context(), Some(&principal.user), email, name, roles).await?;
        let link = format!("{}{}", request.state.config.tokens.issuer, made.path);
        Ok(Invitation { person: made.user.into(), link, expires_at: made.expires_at.to_utc() })
    })
    .await
}

/// Gives an account these roles, with spaces between them, and no others.
#[server(prefix = "/api", endpoint = "admin/users/set_roles", client = AuthClient, output = Json)]
pub async fn set_roles(user_id: String, roles: String) -> Result<Person, ApiError> {
    use crate::{
        model::{
            id::UserId,
            role::{Permission, Roles},
        },
        server::{accounts::roles::set_roles, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id).map_err(|_| Error::NotFound)?;
        let roles = Roles::parse(&roles).map_err(|problem| Error::invalid("roles", problem))?;
        Ok(set_roles(&request.state, request.context(), Some(&principal.user), &id, roles).await?.into())
    })
    .await
}

/// Stops an account: its sessions and access tokens end at once.
#[server(prefix = "/api", endpoint = "admin/users/disable", client = AuthClient, output = Json)]
pub async fn disable_user(user_id: String) -> Result<Person, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::administer, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id).map_err(|_| Error::NotFound)?;
        Ok(administer::disable(&request.state, request.context(), Some(&principal.user), &id).await?.into())
    })
    .await
}

/// Lets an account go on.
#[server(prefix = "/api", endpoint = "admin/users/enable", client = AuthClient, output = Json)]
pub async fn enable_user(user_id: String) -> Result<Person, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::administer, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id).map_err(|_| Error::NotFound)?;
        Ok(administer::enable(&request.state, request.context(), Some(&principal.user), &id).await?.into())
    })
    .await
}

/// Deletes an account.
#[server(prefix = "/api", endpoint = "admin/users/delete", client = AuthClient, output = Json)]
pub async fn delete_user(user_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::delete, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id).map_err(|_| Error::NotFound)?;
        delete::delete(&request.state, request.context(), Some(&principal.user), &id).await
    })
    .await
}

/// Ends all sessions of an account.
#[server(prefix = "/api", endpoint = "admin/users/revoke_sessions", client = AuthClient, output = Json)]
pub async fn revoke_user_sessions(user_id: String) -> Result<Revoked, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::administer, error::Error, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id).map_err(|_| Error::NotFound)?;
        let revoked =
            administer::revoke_sessions(&request.state, request.context(), Some(&principal.user), &id)
                .await?;
        Ok(Revoked { revoked })
    })
    .await
}
