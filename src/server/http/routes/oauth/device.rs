//! `POST /oauth/device_authorization` (RFC 8628), and the page on which somebody connects a device. The page's forms need no
//! script.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::parameters::take_parameters;
use crate::{
    model::{error::ApiError, oauth::device_page::DevicePage, query},
    server::{
        error::Error,
        http::{plain_page, routes::pages},
        oauth::{
            authenticate_client::authenticate,
            authorize::Person,
            device::{self, DeviceAnswer},
            error::OAuthError,
            parameters::Parameters,
        },
        request::caller::Caller,
        sessions::page::PageSession,
        state::AppState,
    },
};

/// A device asks to be connected.
pub async fn begin(
    caller: Caller,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Json<DeviceAnswer>, OAuthError> {
    let client = authenticate(&caller.state, caller.now, &headers, &parameters).await?;
    Ok(Json(device::begin(&caller.state, caller.context(), &client, &parameters).await?))
}

/// Asks for the code. One that stands in the address is filled in, and the person sends it themselves.
pub async fn show(
    State(state): State<Arc<AppState>>,
    Extension(session): Extension<Arc<PageSession>>,
    request: Request,
) -> Response {
    let Some(page) = session.active() else { return gone() };
    let typed = query::parameter(request.uri().query().unwrap_or_default(), "user_code").unwrap_or_default();
    let asked = device::enter_page(&state, &Person::from(page), &typed).await;
    respond(state.clone(), asked, request).await
}

/// Takes the code, or what the person has decided. The middleware refuses every other origin.
pub async fn answer(
    caller: Caller,
    Extension(session): Extension<Arc<PageSession>>,
    request: Request,
) -> Response {
    let (state, context) = (&caller.state, caller.context());
    let Some(page) = session.active() else { return gone() };
    let Some((fields, request)) = take_parameters(request).await else { return gone() };
    let (person, typed) = (Person::from(page), fields.get("user_code").unwrap_or_default());
    let outcome = match fields.get("decision") {
        None => device::enter(state, context, &person, typed).await,
        Some("allow") => device::decide(state, context, &person, typed, true).await,
        Some("cancel") => device::decide(state, context, &person, typed, false).await,
        Some(_) => return gone(),
    };
    respond(state.clone(), outcome, request).await
}

async fn respond(state: Arc<AppState>, outcome: Result<DevicePage, Error>, mut request: Request) -> Response {
    match outcome {
        Ok(page) => {
            request.extensions_mut().insert(page);
            pages::render(State(state), request).await
        }
        Err(Error::NoSession) => gone(),
        Err(error) => plain_page::fault(ApiError::from(error)),
    }
}

fn gone() -> Response {
    plain_page::problem(
        StatusCode::BAD_REQUEST,
        "Open this page again and enter the code that the device shows.",
    )
}
