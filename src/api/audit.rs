//! The audit log, for administrators.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{
    app::session::client::AuthClient,
    model::{audit_event::AuditEvent, page::Page},
};

/// Events, the newest first: of one kind, of one person, from a moment on, up to a moment.
#[server(prefix = "/api", endpoint = "admin/audit/list", client = AuthClient, output = Json)]
pub async fn list_events(
    cursor: Option<String>,
    limit: Option<String>,
    event: Option<String>,
    user_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
) -> Result<Page<AuditEvent>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{audit::read::Question, request::Request},
    };
    Request::answer(async |request| {
        request.require(Permission::ReadAdministration).await?;
        let question = Question {
            event: event.as_deref(),
            user_id: user_id.as_deref(),
            from: from.as_deref(),
            to: to.as_deref(),
        };
        let wanted = question.understand(&request.state).await?;
        wanted.page(&request.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}
