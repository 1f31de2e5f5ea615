//! `POST /oauth/par` (RFC 9126).

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
};

use crate::server::{
    oauth::{
        authenticate_client::authenticate,
        authorize::push::{self, Pushed},
        error::OAuthError,
        parameters::Parameters,
    },
    request::caller::Caller,
};

/// Stores a request, to which the client then refers.
pub async fn push(
    caller: Caller,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<(StatusCode, Json<Pushed>), OAuthError> {
    let client = authenticate(&caller.state, caller.now, &headers, &parameters).await?;
    let pushed = push::push(&caller.state, caller.context(), &client, &parameters).await?;
    Ok((StatusCode::CREATED, Json(pushed)))
}
