//! The documents by which programs find out what this server can do.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header::CACHE_CONTROL},
};

use crate::server::{
    oauth::discovery::{ResourceMetadata, ServerMetadata, resource_metadata, server_metadata},
    state::AppState,
};

const CACHED: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

/// The same at both well-known paths.
pub async fn server(
    State(state): State<Arc<AppState>>,
) -> ([(HeaderName, &'static str); 1], Json<ServerMetadata>) {
    (CACHED, Json(server_metadata(&state.config.tokens)))
}

pub async fn resource(
    State(state): State<Arc<AppState>>,
) -> ([(HeaderName, &'static str); 1], Json<ResourceMetadata>) {
    (CACHED, Json(resource_metadata(&state.config.tokens)))
}
