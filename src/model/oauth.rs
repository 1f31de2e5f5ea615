//! Types of OAuth 2.1 and OpenID Connect, parsed at the edge.

pub mod app;
pub mod authorization_request;
pub mod client;
pub mod client_id;
pub mod client_kind;
pub mod consent_page;
pub mod device_page;
pub mod redirect_uri;
pub mod resource;
pub mod revocation;
pub mod scope;
pub mod token_format;
pub mod user_code;
