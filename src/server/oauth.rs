//! Apps that sign people in with Latchkey (OAuth 2.1, OpenID Connect).

pub mod apps;
pub mod authenticate_client;
pub mod authorize;
pub mod backchannel;
pub mod client_assertion;
pub mod client_keys;
pub mod clients;
pub mod consent;
pub mod device;
pub mod discovery;
pub mod error;
pub mod groups;
pub mod introspect;
pub mod logout;
pub mod parameters;
mod refresh_tokens;
pub mod resources;
pub mod revoke;
pub mod signing;
pub mod token;
pub mod userinfo;
