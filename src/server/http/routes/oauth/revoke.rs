//! `POST /oauth/revoke` (RFC 7009).

use axum::http::{HeaderMap, StatusCode};

use crate::server::{
    oauth::{authenticate_client::authenticate, error::OAuthError, parameters::Parameters, revoke},
    request::caller::Caller,
};

/// Ends what a token stands for. The answer is the same whatever the token is.
pub async fn revoke(
    caller: Caller,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<StatusCode, OAuthError> {
    let client = authenticate(&caller.state, caller.now, &headers, &parameters).await?;
    let token = parameters.require("token")?;
    revoke::revoke(&caller.state, caller.context(), &client, token).await?;
    Ok(StatusCode::OK)
}
