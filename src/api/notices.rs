//! Notices.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{error::ApiError, id::NoticeId, json::Json, notice::Notice, page::Page},
};

/// Notices, the newest first.
#[server(prefix = "/api", endpoint = "notices/list", client = AuthClient, output = Json)]
pub async fn list_notices(cursor: Option<String>, limit: Option<String>) -> Result<Page<Notice>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{notices, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadNotices).await?;
        notices::list(&caller.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// Publishes a notice. Returns its id.
#[server(prefix = "/api", endpoint = "notices/publish", client = AuthClient, output = Json)]
pub async fn publish_notice(title: String, body: String) -> Result<NoticeId, ApiError> {
    use crate::{
        model::{notice::Draft, role::Permission},
        server::{notices, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Edit).await?;
        let draft = Draft::parse(&title, &body)?;
        notices::publish(&caller.state, caller.context(), &principal.user, draft).await
    })
    .await
}

/// Takes a notice back.
#[server(prefix = "/api", endpoint = "notices/retract", client = AuthClient, output = Json)]
pub async fn retract_notice(notice_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::NoticeId, role::Permission},
        server::{notices, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Edit).await?;
        let id = NoticeId::parse(&notice_id)?;
        notices::retract(&caller.state, caller.context(), &principal.user, &id).await
    })
    .await
}
