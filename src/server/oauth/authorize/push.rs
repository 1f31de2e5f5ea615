//! A client pushes a request before it sends the person (RFC 9126): what it asks for never passes through a browser.

use serde::Serialize;

use super::{
    PUSHED_LIFETIME, insert, record,
    request::{PUSHED_PREFIX, Refusal, find_redirect_uri},
    store,
};
use crate::server::{
    client_info::ActionContext,
    oauth::{
        error::{OAuthCode, OAuthError},
        parameters::Parameters,
    },
    state::AppState,
    store::{authorization_requests::RequestRecord, clients::Client},
};

/// Where the client is to send the person, and for how long that is good.
#[derive(Debug, Serialize)]
pub struct Pushed {
    request_uri: String,
    expires_in: u64,
}

/// Stores the request of a client that has proved who it is. It is read as at the authorization endpoint, and every
/// mistake is told to the client itself.
pub async fn push(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<Pushed, OAuthError> {
    if !client.kind.has_redirects() {
        return Err(OAuthError::new(
            OAuthCode::UnauthorizedClient,
            "A client of this kind sends nobody here.",
        ));
    }
    let found = state.loader.client(&client.id).await?.ok_or_else(OAuthError::invalid_client)?;
    let asked = find_redirect_uri(state, context, &found, parameters).await?;
    let request = asked.parse(state, parameters).await?;
    let pushed = RequestRecord {
        pushed: true,
        expires_at: context.now + PUSHED_LIFETIME,
        ..record(context.now, &asked, request)
    };
    // Anybody can be a client that keeps no secret.
    let handle = if asked.client.kind.is_public() {
        store(state, context, pushed).await?
    } else {
        insert(state, pushed).await?
    };
    Ok(Pushed { request_uri: format!("{PUSHED_PREFIX}{handle}"), expires_in: PUSHED_LIFETIME.as_secs() })
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Page(why) => Self::invalid_request(why),
            Refusal::Client { error, .. } => error,
            Refusal::Fault(error) => error.into(),
        }
    }
}
