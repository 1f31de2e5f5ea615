//! The audit log as a file: JSON lines, the newest first.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Query, Request, State as Shared},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use serde::Deserialize;

use crate::{
    api::error::ApiError,
    model::role::Permission,
    server::{
        audit::read::{Question, Wanted},
        error::Error,
        origin::{Context, Origin},
        principal::Principal,
        state::State,
    },
};

/// What is asked of the log; the same as of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    event: Option<String>,
    user_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// A link on the page downloads it, so it is a page load: known by the cookie, and reading. It is sent as it is read.
pub async fn audit_log(
    Shared(state): Shared<Arc<State>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let wanted = allow(&state, &parts, &asked).await?;
    let mut response = Body::from_stream(lines(state, wanted)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"audit.jsonl\""),
    );
    Ok(response)
}

async fn allow(state: &State, parts: &Parts, asked: &Asked) -> Result<Wanted, Error> {
    let now = state.now();
    let principal = Principal::of(parts, state, now)?;
    let origin = parts.extensions.get::<Origin>().cloned().unwrap_or_else(Origin::program);
    principal.require(Permission::ReadAdministration, state, Context { now, origin: &origin }).await?;
    let question = Question {
        event: asked.event.as_deref(),
        user_id: asked.user_id.as_deref(),
        from: asked.from.as_deref(),
        to: asked.to.as_deref(),
    };
    question.understand(state).await
}

/// The events a piece at a time, so that a long log takes no memory. A fault ends the file in the middle of nothing:
/// the download fails, and nobody takes a part for the whole.
fn lines(state: Arc<State>, wanted: Wanted) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(Some(None), move |next: Option<Option<i64>>| {
        let (state, wanted) = (state.clone(), wanted.clone());
        async move {
            let Some(before) = next else { return Ok(None) };
            let (events, next) = wanted.export(&state, before).await?;
            let mut text = String::new();
            for event in events {
                text.push_str(
                    &serde_json::to_string(&event).map_err(|error| Error::Fault(error.to_string()))?,
                );
                text.push('\n');
            }
            Ok(Some((Bytes::from(text), next.map(Some))))
        }
    })
}
