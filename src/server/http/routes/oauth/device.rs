//! `POST /oauth/device_authorization` (RFC 8628), and the page on which somebody connects a device. The page's forms need no
//! script.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
};

use super::{
    logout::{USE_ANOTHER_ACCOUNT, use_another_account},
    parameters::take_parameters,
};
use crate::{
    model::{
        error::ApiError,
        local_path::LocalPath,
        oauth::{device_page::DevicePage, user_code::UserCode},
    },
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

/// Takes the code, or what the person has decided. The middleware refuses every other origin.
pub async fn answer(
    caller: Caller,
    Extension(session): Extension<Arc<PageSession>>,
    request: Request,
) -> Response {
    let (state, context) = (&caller.state, caller.context());
    let Some(page) = session.active() else { return gone(&caller) };
    let Some((fields, request)) = take_parameters(request).await else { return gone(&caller) };
    let (person, typed) = (Person::from(page), fields.get("user_code").unwrap_or_default());
    let outcome = match fields.get("decision") {
        None => device::enter(state, context, &person, typed).await,
        Some("allow") => device::decide(state, context, &person, typed, true).await,
        Some("cancel") => device::decide(state, context, &person, typed, false).await,
        Some(USE_ANOTHER_ACCOUNT) => return leave_to_another_account(&caller, &person, typed).await,
        Some(_) => return gone(&caller),
    };
    respond(&caller, outcome, request).await
}

async fn respond(caller: &Caller, outcome: Result<DevicePage, Error>, mut request: Request) -> Response {
    match outcome {
        Ok(page) => {
            let wait = page.retry_after;
            request.extensions_mut().insert(page);
            let mut response = pages::render(State(caller.state.clone()), request).await;
            if let Some(seconds) = wait {
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Err(Error::NoSession) => gone(caller),
        Err(error) => plain_page::fault(caller.into(), ApiError::from(error)),
    }
}

/// Signs out. Whoever signs in then enters the code, which is filled in.
async fn leave_to_another_account(caller: &Caller, person: &Person, typed: &str) -> Response {
    let Ok(code) = UserCode::parse(typed) else { return gone(caller) };
    if let Err(error) = device::release(&caller.state, person, &code).await {
        return plain_page::fault(caller.into(), ApiError::from(error));
    }
    let page = LocalPath::parse(&format!("/device?user_code={code}")).unwrap_or_default();
    use_another_account(caller, &page).await
}

fn gone(caller: &Caller) -> Response {
    plain_page::problem(
        caller.into(),
        StatusCode::BAD_REQUEST,
        "This device could not be connected",
        "Open this page again and enter the code that the device shows.",
    )
}
