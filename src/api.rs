//! Server functions: what the browser asks of the server, by domain.
//!
//! Each body does the same four things: take the [request](crate::server::request::caller), ask it for whoever may do this,
//! call one function of the domain, and let [`ApiError`](crate::model::error::ApiError) say what the caller sees. During server rendering a body runs
//! directly, with no middleware around it, so the body is where access is decided.

pub mod account;
pub mod apps;
pub mod audit;
pub mod auth;
pub mod clients;
pub mod groups;
pub mod keys;
pub mod notices;
pub mod passkeys;
pub mod providers;
pub mod sessions;
pub mod users;
