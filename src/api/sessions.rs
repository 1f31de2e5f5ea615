//! One's own sessions.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{
    app::session::client::AuthClient,
    model::{person::Revoked, session::SessionItem},
};

/// The live sessions, the newest first.
#[server(prefix = "/api", endpoint = "sessions/list", client = AuthClient, output = Json)]
pub async fn list_sessions() -> Result<Vec<SessionItem>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{request::Request, sessions::own},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ReadAccount).await?;
        own::list(&request.state, request.now, &principal.user, Some(&principal.session)).await
    })
    .await
}

/// Gives a session a name; an empty one takes it away.
#[server(prefix = "/api", endpoint = "sessions/rename", client = AuthClient, output = Json)]
pub async fn rename_session(session_id: String, name: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::SessionId, role::Permission},
        server::{error::Error, request::Request, sessions::own},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ManageAccount).await?;
        let id = SessionId::parse(&session_id).map_err(|_| Error::NotFound)?;
        own::rename(&request.state, request.context(), &principal, &id, &name).await
    })
    .await
}

/// Ends one session.
#[server(prefix = "/api", endpoint = "sessions/revoke", client = AuthClient, output = Json)]
pub async fn revoke_session(session_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::SessionId, role::Permission},
        server::{error::Error, request::Request, sessions::own},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::EndSessions).await?;
        let id = SessionId::parse(&session_id).map_err(|_| Error::NotFound)?;
        own::revoke(&request.state, request.context(), &principal, &id).await
    })
    .await
}

/// Ends all sessions but the one that asks.
#[server(prefix = "/api", endpoint = "sessions/revoke_others", client = AuthClient, output = Json)]
pub async fn revoke_other_sessions() -> Result<Revoked, ApiError> {
    use crate::{
        model::role::Permission,
        server::{request::Request, sessions::own},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::EndSessions).await?;
        let revoked = own::revoke_others(&request.state, request.context(), &principal).await?;
        Ok(Revoked { revoked })
    })
    .await
}
