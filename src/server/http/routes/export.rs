//! The audit log as a file: JSON lines, the newest first.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::Query,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use serde::Deserialize;

use crate::{
    model::{error::ApiError, role::Permission},
    server::{
        audit_log::{AuditFilterParams, AuditQuery},
        error::Error,
        request::caller::Caller,
        state::AppState,
    },
};

/// Which events are exported; the same filter as on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportParams {
    event: Option<String>,
    user_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// A link on the page downloads it, so it is a page load: known by the cookie, and reading. It is sent as it is read.
pub async fn audit_log(caller: Caller, Query(params): Query<ExportParams>) -> Result<Response, ApiError> {
    let query = authorize(&caller, &params).await?;
    let mut response = Body::from_stream(lines(caller.state, query)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"audit.jsonl\""),
    );
    Ok(response)
}

async fn authorize(caller: &Caller, params: &ExportParams) -> Result<AuditQuery, Error> {
    caller.require(Permission::ReadAdministration).await?;
    let filter = AuditFilterParams {
        event: params.event.as_deref(),
        user_id: params.user_id.as_deref(),
        from: params.from.as_deref(),
        to: params.to.as_deref(),
    };
    filter.parse(&caller.state).await
}

/// The events a piece at a time, so that a long log takes no memory. A fault ends the file in the middle of nothing:
/// the download fails, and nobody takes a part for the whole.
fn lines(state: Arc<AppState>, query: AuditQuery) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(Some(None), move |next: Option<Option<i64>>| {
        let (state, query) = (state.clone(), query.clone());
        async move {
            let Some(before) = next else { return Ok(None) };
            let (events, next) = query.export(&state, before).await?;
            let mut text = String::new();
            for event in events {
                text.push_str(
                    &serde_json::to_string(&event).map_err(|error| Error::Internal(error.to_string()))?,
                );
                text.push('\n');
            }
            Ok(Some((Bytes::from(text), next.map(Some))))
        }
    })
}
