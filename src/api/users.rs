//! Accounts, for administrators.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        error::ApiError,
        json::Json,
        page::Page,
        user::{FactorsReset, PasswordLink, RevokedCount, UserDetails, UserSummary},
    },
};

/// Accounts whose address or name begins with `query`.
#[server(prefix = "/api", endpoint = "admin/users/list", client = AuthClient, output = Json)]
pub async fn list_users(
    query: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
) -> Result<Page<UserSummary>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::directory, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        directory::search(&caller.state, query.as_deref(), cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// One account and its live sessions.
#[server(prefix = "/api", endpoint = "admin/users/get", client = AuthClient, output = Json)]
pub async fn get_user(user_id: String) -> Result<UserDetails, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::directory, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let id = UserId::parse(&user_id)?;
        directory::get(&caller.state, caller.now, &id).await
    })
    .await
}

/// Makes an account, with a link on which its owner chooses a password.
#[server(prefix = "/api", endpoint = "admin/users/invite", client = AuthClient, output = Json)]
pub async fn invite_user(
    email: String,
    display_name: String,
    roles: Option<String>,
) -> Result<PasswordLink, ApiError> {
    use crate::{
        model::{
            display_name::DisplayName,
            email::EmailAddress,
            role::{Permission, Roles},
        },
        server::{accounts::invite::invite, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let email = EmailAddress::parse(&email)?;
        let name = DisplayName::parse(&display_name)?;
        let roles = Roles::parse(&roles.unwrap_or_default())?;
        let made = invite(&caller.state, caller.context(), Some(&principal.user), email, name, roles).await?;
        let link = format!("{}{}", caller.state.config.tokens.issuer, made.path);
        Ok(PasswordLink { user: made.user.into(), link, expires_at: made.expires_at.to_utc() })
    })
    .await
}

/// Gives an account these roles, with spaces between them, and no others.
#[server(prefix = "/api", endpoint = "admin/users/set_roles", client = AuthClient, output = Json)]
pub async fn set_roles(user_id: String, roles: String) -> Result<UserSummary, ApiError> {
    use crate::{
        model::{
            id::UserId,
            role::{Permission, Roles},
        },
        server::{accounts::roles::set_roles, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        let roles = Roles::parse(&roles)?;
        Ok(set_roles(&caller.state, caller.context(), Some(&principal.user), &id, roles).await?.into())
    })
    .await
}

/// Stops an account: its sessions and access tokens end at once.
#[server(prefix = "/api", endpoint = "admin/users/disable", client = AuthClient, output = Json)]
pub async fn disable_user(user_id: String) -> Result<UserSummary, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::administer, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        Ok(administer::disable(&caller.state, caller.context(), Some(&principal.user), &id).await?.into())
    })
    .await
}

/// Lets an account go on.
#[server(prefix = "/api", endpoint = "admin/users/enable", client = AuthClient, output = Json)]
pub async fn enable_user(user_id: String) -> Result<UserSummary, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::administer, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        Ok(administer::enable(&caller.state, caller.context(), Some(&principal.user), &id).await?.into())
    })
    .await
}

/// Vouches that the address of an account is its owner's. Apps are told so.
#[server(prefix = "/api", endpoint = "admin/users/verify_email", client = AuthClient, output = Json)]
pub async fn verify_email(user_id: String) -> Result<UserSummary, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::vouch, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        Ok(vouch::vouch(&caller.state, caller.context(), Some(&principal.user), &id).await?.into())
    })
    .await
}

/// Takes that back.
#[server(prefix = "/api", endpoint = "admin/users/unverify_email", client = AuthClient, output = Json)]
pub async fn unverify_email(user_id: String) -> Result<UserSummary, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::vouch, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        Ok(vouch::withdraw(&caller.state, caller.context(), Some(&principal.user), &id).await?.into())
    })
    .await
}

/// Deletes an account.
#[server(prefix = "/api", endpoint = "admin/users/delete", client = AuthClient, output = Json)]
pub async fn delete_user(user_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::delete, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        delete::delete(&caller.state, caller.context(), Some(&principal.user), &id).await
    })
    .await
}

/// Ends all sessions of an account.
#[server(prefix = "/api", endpoint = "admin/users/revoke_sessions", client = AuthClient, output = Json)]
pub async fn revoke_user_sessions(user_id: String) -> Result<RevokedCount, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::administer, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        let revoked =
            administer::revoke_sessions(&caller.state, caller.context(), Some(&principal.user), &id).await?;
        Ok(RevokedCount { revoked })
    })
    .await
}

/// Makes a link on which the owner of an account chooses a new password.
#[server(prefix = "/api", endpoint = "admin/users/reset_password", client = AuthClient, output = Json)]
pub async fn create_reset_link(user_id: String) -> Result<PasswordLink, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::reset_password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        let made =
            reset_password::create_link(&caller.state, caller.context(), Some(&principal.user), &id).await?;
        let link = format!("{}{}", caller.state.config.tokens.issuer, made.path);
        Ok(PasswordLink { user: made.user.into(), link, expires_at: made.expires_at.to_utc() })
    })
    .await
}

/// Removes every second factor of an account, and makes the code for its next sign-in.
#[server(prefix = "/api", endpoint = "admin/users/reset_factors", client = AuthClient, output = Json)]
pub async fn reset_factors(user_id: String) -> Result<FactorsReset, ApiError> {
    use crate::{
        model::{id::UserId, role::Permission},
        server::{accounts::reset_factors::reset, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let id = UserId::parse(&user_id)?;
        let done = reset(&caller.state, caller.context(), Some(&principal.user), &id).await?;
        Ok(FactorsReset { user: done.user.into(), recovery_code: done.code })
    })
    .await
}
