//! Clients, for administrators. Fields are named as the options of `latchkey client` are; what may be given several times
//! there stands on lines of its own here.

#![expect(clippy::too_many_arguments, reason = "each is a field of a form")]

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        error::ApiError,
        json::Json,
        oauth::client::{ClientReport, ClientSummary, ClientUser, NewSecret, RegisteredClient},
        page::Page,
    },
};

/// Clients by name.
#[server(prefix = "/api", endpoint = "admin/clients/list", client = AuthClient, output = Json)]
pub async fn list_clients(
    cursor: Option<String>,
    limit: Option<String>,
) -> Result<Page<ClientSummary>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{oauth::clients, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        clients::list(&caller.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// One client, its secrets, and where it asked to be answered and may not be.
#[server(prefix = "/api", endpoint = "admin/clients/get", client = AuthClient, output = Json)]
pub async fn get_client(client_id: String) -> Result<ClientReport, ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{oauth::clients, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let id = ClientId::parse(&client_id)?;
        clients::report(&caller.state, caller.now, &id).await
    })
    .await
}

/// Who has allowed a client something or is signed in to it, by address.
#[server(prefix = "/api", endpoint = "admin/clients/users", client = AuthClient, output = Json)]
pub async fn list_client_users(
    client_id: String,
    cursor: Option<String>,
    limit: Option<String>,
) -> Result<Page<ClientUser>, ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{oauth::clients, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let id = ClientId::parse(&client_id)?;
        clients::users(&caller.state, &id, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// Registers a client. Its secret, if it has one, is in this answer and in no other. What is left out or empty is what is
/// usual for its kind, or none.
#[server(prefix = "/api", endpoint = "admin/clients/add", client = AuthClient, output = Json)]
pub async fn add_client(
    kind: String,
    name: String,
    developer: Option<String>,
    redirect_uri: Option<String>,
    post_logout_uri: Option<String>,
    backchannel_logout_uri: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
    group: Option<String>,
    trusted: Option<String>,
    auth_method: Option<String>,
    jwks: Option<String>,
    require_pushed: Option<String>,
    id_token_alg: Option<String>,
    claims_in_id_token: Option<String>,
    access_ttl: Option<String>,
    refresh_idle_ttl: Option<String>,
    refresh_absolute_ttl: Option<String>,
) -> Result<NewSecret, ApiError> {
    use crate::{
        model::{oauth::client_kind::ClientKind, role::Permission},
        server::{
            error::Error,
            oauth::clients::{self, ClientForm},
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let kind = ClientKind::parse(&kind).map_err(|problem| Error::invalid("kind", problem))?;
        let form = ClientForm {
            name: Some(name),
            developer,
            redirect_uri,
            post_logout_uri,
            backchannel_logout_uri,
            scope,
            resource,
            group,
            trusted,
            auth_method,
            jwks,
            require_pushed,
            id_token_alg,
            claims_in_id_token,
            access_ttl,
            refresh_idle_ttl,
            refresh_absolute_ttl,
        };
        let actor = Some(&principal.user);
        let (details, secret) =
            clients::add(&caller.state, caller.context(), actor, kind, &form.try_into()?).await?;
        Ok(clients::shown_once(&details.client, secret))
    })
    .await
}

/// Sets all that can be set of a client. What is empty is none: a field that does not come is missing.
#[server(prefix = "/api", endpoint = "admin/clients/update", client = AuthClient, output = Json)]
pub async fn update_client(
    client_id: String,
    name: String,
    developer: String,
    redirect_uri: String,
    post_logout_uri: String,
    backchannel_logout_uri: String,
    scope: String,
    resource: String,
    group: String,
    trusted: String,
    auth_method: String,
    jwks: String,
    require_pushed: String,
    id_token_alg: String,
    claims_in_id_token: String,
    access_ttl: String,
    refresh_idle_ttl: String,
    refresh_absolute_ttl: String,
) -> Result<RegisteredClient, ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{
            oauth::clients::{self, ClientForm},
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = ClientId::parse(&client_id)?;
        let form = ClientForm {
            name: Some(name),
            developer: Some(developer),
            redirect_uri: Some(redirect_uri),
            post_logout_uri: Some(post_logout_uri),
            backchannel_logout_uri: Some(backchannel_logout_uri),
            scope: Some(scope),
            resource: Some(resource),
            group: Some(group),
            trusted: Some(trusted),
            auth_method: Some(auth_method),
            jwks: Some(jwks),
            require_pushed: Some(require_pushed),
            id_token_alg: Some(id_token_alg),
            claims_in_id_token: Some(claims_in_id_token),
            access_ttl: Some(access_ttl),
            refresh_idle_ttl: Some(refresh_idle_ttl),
            refresh_absolute_ttl: Some(refresh_absolute_ttl),
        };
        let actor = Some(&principal.user);
        let details = clients::update(&caller.state, caller.context(), actor, &id, &form.try_into()?).await?;
        Ok(clients::registered(&details))
    })
    .await
}

/// Gives a client another secret. The one before is good for a day more, unless `at_once` is `true`.
#[server(prefix = "/api", endpoint = "admin/clients/rotate_secret", client = AuthClient, output = Json)]
pub async fn rotate_client_secret(client_id: String, at_once: Option<String>) -> Result<NewSecret, ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{
            oauth::clients::{self, yes_or_no},
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = ClientId::parse(&client_id)?;
        let at_once = at_once.map_or(Ok(false), |text| yes_or_no("at_once", &text))?;
        let actor = Some(&principal.user);
        let (client, secret) =
            clients::rotate_secret(&caller.state, caller.context(), actor, &id, at_once).await?;
        Ok(clients::shown_once(&client, Some(secret)))
    })
    .await
}

/// Stops a client: its sessions and grants end at once.
#[server(prefix = "/api", endpoint = "admin/clients/disable", client = AuthClient, output = Json)]
pub async fn disable_client(client_id: String) -> Result<ClientSummary, ApiError> {
    set_enabled(client_id, false).await
}

/// Lets a client go on.
#[server(prefix = "/api", endpoint = "admin/clients/enable", client = AuthClient, output = Json)]
pub async fn enable_client(client_id: String) -> Result<ClientSummary, ApiError> {
    set_enabled(client_id, true).await
}

#[cfg(feature = "ssr")]
async fn set_enabled(client_id: String, enabled: bool) -> Result<ClientSummary, ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{oauth::clients, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = ClientId::parse(&client_id)?;
        let actor = Some(&principal.user);
        Ok(clients::set_enabled(&caller.state, caller.context(), actor, &id, enabled).await?.into())
    })
    .await
}

/// Removes a client with everything that it was given.
#[server(prefix = "/api", endpoint = "admin/clients/remove", client = AuthClient, output = Json)]
pub async fn remove_client(client_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{oauth::client_id::ClientId, role::Permission},
        server::{oauth::clients, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = ClientId::parse(&client_id)?;
        clients::remove(&caller.state, caller.context(), Some(&principal.user), &id).await
    })
    .await
}

/// Takes back what somebody has allowed a client. Its sessions and grants of theirs end at once.
#[server(prefix = "/api", endpoint = "admin/clients/revoke_user", client = AuthClient, output = Json)]
pub async fn revoke_client_user(client_id: String, user_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::UserId, oauth::client_id::ClientId, role::Permission},
        server::{oauth::consent, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let (client, user) = (ClientId::parse(&client_id)?, UserId::parse(&user_id)?);
        consent::revoke(&caller.state, caller.context(), Some(&principal.user), &user, &client).await
    })
    .await
}
