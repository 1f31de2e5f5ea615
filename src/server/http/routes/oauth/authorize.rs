//! `GET` and `POST /oauth/authorize`. No page of another site can read it or frame it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use tower_cookies::Cookies;

use crate::{
    model::{error::ApiError, local_path::LocalPath},
    server::{
        client_info::{ActionContext, ClientInfo},
        http::{
            plain_page::{self, Look},
            redirect::{see_other, to_client},
        },
        oauth::{
            authorize::{Held, Next, answer, begin, begin_by_post, request::Refusal},
            parameters::Parameters,
        },
        request::cookies,
        state::AppState,
    },
};

/// Answers the client if nothing must be asked, or else leads to the page that asks.
pub async fn get(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<Arc<ClientInfo>>,
    cookies: Cookies,
    uri: Uri,
) -> Response {
    let context = ActionContext { now: state.now(), client: &client };
    let (flow, token) = (cookies::flow(&cookies), cookies::refresh_token(&cookies));
    let held = Held { flow: flow.as_deref(), token: token.as_ref() };
    let Ok(parameters) = Parameters::parse(uri.query().unwrap_or_default().as_bytes()) else {
        return refuse(
            &state,
            &cookies,
            Refusal::Page("The app that sent you here made a mistake in its request."),
        );
    };
    match begin(&state, context, &parameters, held).await {
        Ok(Next::Answer(address)) => to_client(&address),
        Ok(Next::Ask { handle, cookie }) => {
            cookies::set_flow(&cookies, cookie);
            see_other(&question(&handle))
        }
        Err(refusal) => refuse(&state, &cookies, refusal),
    }
}

/// Stores the request and goes on with a GET: a form of another site brings no cookie along.
pub async fn post(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<Arc<ClientInfo>>,
    cookies: Cookies,
    parameters: Parameters,
) -> Response {
    let context = ActionContext { now: state.now(), client: &client };
    match begin_by_post(&state, context, &parameters).await {
        Ok(path) => see_other(&LocalPath::parse(&path).unwrap_or_default()),
        Err(refusal) => refuse(&state, &cookies, refusal),
    }
}

/// The page that asks.
pub fn question(handle: &str) -> LocalPath {
    LocalPath::parse(&format!("/consent?request={handle}")).unwrap_or_default()
}

fn refuse(state: &AppState, cookies: &Cookies, refusal: Refusal) -> Response {
    let look = Look::of(state, cookies);
    match refusal {
        Refusal::Page(why) => plain_page::no_sign_in(look, StatusCode::BAD_REQUEST, why),
        Refusal::Client { redirect_uri, state: echoed, error } => {
            let issuer = &state.config.tokens.issuer;
            to_client(&answer::with_error(&redirect_uri, echoed.as_deref(), issuer, &error))
        }
        Refusal::Fault(error) => plain_page::fault(look, ApiError::from(error)),
    }
}
