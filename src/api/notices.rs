//! Notices.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{
    app::session::client::AuthClient,
    model::{id::NoticeId, notice::Notice, page::Page},
};

/// Notices, the newest first.
#[server(prefix = "/api", endpoint = "notices/list", client = AuthClient, output = Json)]
pub async fn list_notices(cursor: Option<String>, limit: Option<String>) -> Result<Page<Notice>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{notices, request::Request},
    };
    Request::answer(async |request| {
        request.require(Permission::ReadNotices).await?;
        notices::list(&request.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// Publishes a notice. Returns its id.
#[server(prefix = "/api", endpoint = "notices/publish", client = AuthClient, output = Json)]
pub async fn publish_notice(title: String, body: String) -> Result<NoticeId, ApiError> {
    use crate::{
        model::{notice::Draft, role::Permission},
        server::{error::Error, notices, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Edit).await?;
        let draft =
            Draft::parse(&title, &body).map_err(|problem| Error::invalid(problem.field(), problem))?;
        notices::publish(&request.state, request.context(), &principal.user, draft).await
    })
    .await
}

/// Takes a notice back.
#[server(prefix = "/api", endpoint = "notices/retract", client = AuthClient, output = Json)]
pub async fn retract_notice(notice_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::NoticeId, role::Permission},
        server::{error::Error, notices, request::Request},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::Edit).await?;
        let id = NoticeId::parse(&notice_id).map_err(|_| Error::NotFound)?;
        notices::retract(&request.state, request.context(), &principal.user, &id).await
    })
    .await
}
