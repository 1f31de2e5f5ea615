//! Calls of server functions.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use leptos::prelude::provide_context;
use leptos_axum::handle_server_fns_with_context;

use crate::{
    model::error::{ApiError, Code},
    server::{http::endpoints::Endpoint, state::AppState},
};

pub async fn call(State(state): State<Arc<AppState>>, request: Request) -> Response {
    if Endpoint::at(request.uri().path()).is_none() {
        return unknown().await;
    }
    handle_server_fns_with_context(move || provide_context(state.clone()), request).await.into_response()
}

pub async fn wrong_method(request: Request) -> Response {
    if Endpoint::at(request.uri().path()).is_none() {
        return unknown().await;
    }
    ApiError::new(Code::MethodNotAllowed, "Server functions are called with POST.").into_response()
}

pub async fn unknown() -> Response {
    ApiError::new(Code::NotFound, "There is no such function.").into_response()
}
