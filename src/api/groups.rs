//! Groups of accounts, for administrators.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        error::ApiError,
        group::{GroupDetails, GroupMember, GroupSummary},
        json::Json,
        page::Page,
    },
};

/// Groups by name.
#[server(prefix = "/api", endpoint = "admin/groups/list", client = AuthClient, output = Json)]
pub async fn list_groups(
    cursor: Option<String>,
    limit: Option<String>,
) -> Result<Page<GroupSummary>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        groups::list(&caller.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// One group, and the clients that are for it.
#[server(prefix = "/api", endpoint = "admin/groups/get", client = AuthClient, output = Json)]
pub async fn get_group(group_id: String) -> Result<GroupDetails, ApiError> {
    use crate::{
        model::{id::GroupId, role::Permission},
        server::{oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        groups::get(&caller.state, &GroupId::parse(&group_id)?).await
    })
    .await
}

/// Who is in a group, by address.
#[server(prefix = "/api", endpoint = "admin/groups/members", client = AuthClient, output = Json)]
pub async fn list_group_members(
    group_id: String,
    cursor: Option<String>,
    limit: Option<String>,
) -> Result<Page<GroupMember>, ApiError> {
    use crate::{
        model::{id::GroupId, role::Permission},
        server::{oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let id = GroupId::parse(&group_id)?;
        groups::members(&caller.state, &id, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// Makes a group of this name.
#[server(prefix = "/api", endpoint = "admin/groups/add", client = AuthClient, output = Json)]
pub async fn add_group(group: String) -> Result<GroupSummary, ApiError> {
    use crate::{
        model::role::Permission,
        server::{oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        groups::add(&caller.state, caller.context(), Some(&principal.user), &group).await
    })
    .await
}

/// Removes a group, unless a client is for it.
#[server(prefix = "/api", endpoint = "admin/groups/remove", client = AuthClient, output = Json)]
pub async fn remove_group(group_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::GroupId, role::Permission},
        server::{oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = GroupId::parse(&group_id)?;
        groups::remove(&caller.state, caller.context(), Some(&principal.user), &id).await
    })
    .await
}

/// Puts the account with this address into a group.
#[server(prefix = "/api", endpoint = "admin/groups/add_member", client = AuthClient, output = Json)]
pub async fn add_group_member(group_id: String, email: String) -> Result<GroupMember, ApiError> {
    use crate::{
        model::{email::EmailAddress, id::GroupId, role::Permission},
        server::{accounts::directory, oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = GroupId::parse(&group_id)?;
        let user = directory::with_email(&caller.state, &EmailAddress::parse(&email)?).await?;
        groups::add_member(&caller.state, caller.context(), Some(&principal.user), &id, &user).await
    })
    .await
}

/// Takes the account with this address out of a group. The clients that it may no longer use end for it at once.
#[server(prefix = "/api", endpoint = "admin/groups/remove_member", client = AuthClient, output = Json)]
pub async fn remove_group_member(group_id: String, email: String) -> Result<(), ApiError> {
    use crate::{
        model::{email::EmailAddress, id::GroupId, role::Permission},
        server::{accounts::directory, oauth::groups, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = GroupId::parse(&group_id)?;
        let user = directory::with_email(&caller.state, &EmailAddress::parse(&email)?).await?;
        groups::remove_member(&caller.state, caller.context(), Some(&principal.user), &id, &user).await
    })
    .await
}
