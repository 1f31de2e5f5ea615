//! The audit log, for administrators.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{audit_event::AuditEvent, error::ApiError, json::Json, overview::Statistics, page::Page},
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
        server::{audit_log::AuditFilterParams, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let question = AuditFilterParams {
            event: event.as_deref(),
            user_id: user_id.as_deref(),
            from: from.as_deref(),
            to: to.as_deref(),
        };
        let wanted = question.parse(&caller.state).await?;
        wanted.page(&caller.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// How often things happened on the last seven days.
#[server(prefix = "/api", endpoint = "admin/statistics", client = AuthClient, output = Json)]
pub async fn get_statistics() -> Result<Statistics, ApiError> {
    use crate::{
        model::role::Permission,
        server::{audit_log::statistics::last_days, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        last_days(&caller.state, caller.now).await
    })
    .await
}
