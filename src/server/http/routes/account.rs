//! Plain HTTP about one's own account.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State as Shared},
    response::Redirect,
};
use serde::Serialize;

use crate::{
    api::error::ApiError,
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        id::UserId,
        role::{Permission, Roles},
    },
    server::{
        accounts::profile,
        error::Error,
        origin::{Context, Origin},
        principal::Principal,
        state::State,
    },
};

/// The claims that OpenID Connect Core §5.1 names so, and the roles.
#[derive(Debug, Serialize)]
pub struct UserInfo {
    sub: UserId,
    name: DisplayName,
    email: EmailAddress,
    email_verified: bool,
    roles: Roles,
}

/// Who the bearer of the access token is.
pub async fn userinfo(
    Shared(state): Shared<Arc<State>>,
    request: Request,
) -> Result<Json<UserInfo>, ApiError> {
    Ok(Json(find_user(&state, request).await?))
}

async fn find_user(state: &State, request: Request) -> Result<UserInfo, Error> {
    let now = state.now();
    let (parts, _) = request.into_parts();
    let principal = Principal::of(&parts, state, now)?;
    let origin = parts.extensions.get::<Origin>().cloned().unwrap_or_else(Origin::command_line);
    principal.require(Permission::ReadAccount, state, Context { now, origin: &origin }).await?;
    let user = profile::get(state, &principal.user).await?;
    // Nothing here has proved that the address can be reached.
    Ok(UserInfo {
        sub: user.id,
        name: user.display_name,
        email: user.email,
        email_verified: false,
        roles: user.roles,
    })
}

/// Where a password manager finds the page to change the password on (W3C "A Well-Known URL for Changing Passwords").
pub async fn change_password() -> Redirect {
    Redirect::to("/account/password")
}
