//! One's own sessions.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{error::ApiError, json::Json, session::SessionSummary, user::RevokedCount},
};

/// The live sessions, the newest first.
#[server(prefix = "/api", endpoint = "sessions/list", client = AuthClient, output = Json)]
pub async fn list_sessions() -> Result<Vec<SessionSummary>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{request::caller::Caller, sessions::own},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        own::list(&caller.state, caller.now, &principal.user, Some(&principal.session)).await
    })
    .await
}

/// Gives a session a name, and answers it; an empty one takes it away.
#[server(prefix = "/api", endpoint = "sessions/rename", client = AuthClient, output = Json)]
pub async fn rename_session(session_id: String, name: String) -> Result<Option<String>, ApiError> {
    use crate::{
        model::{id::SessionId, role::Permission},
        server::{request::caller::Caller, sessions::own},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageAccount).await?;
        let id = SessionId::parse(&session_id)?;
        own::rename(&caller.state, caller.context(), &principal, &id, &name).await
    })
    .await
}

/// Ends one session.
#[server(prefix = "/api", endpoint = "sessions/revoke", client = AuthClient, output = Json)]
pub async fn revoke_session(session_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::SessionId, role::Permission},
        server::{request::caller::Caller, sessions::own},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::EndSessions).await?;
        let id = SessionId::parse(&session_id)?;
        own::revoke_own(&caller.state, caller.context(), &principal, &id).await
    })
    .await
}

/// Ends all sessions but the one that asks.
#[server(prefix = "/api", endpoint = "sessions/revoke_others", client = AuthClient, output = Json)]
pub async fn revoke_other_sessions() -> Result<RevokedCount, ApiError> {
    use crate::{
        model::role::Permission,
        server::{request::caller::Caller, sessions::own},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::EndSessions).await?;
        let revoked = own::revoke_others(&caller.state, caller.context(), &principal).await?;
        Ok(RevokedCount { revoked })
    })
    .await
}
