//! The endpoints of OAuth and OpenID Connect that clients call.

pub mod authorize;
pub mod consent;
pub mod device;
pub mod discovery;
pub mod introspect;
pub mod logout;
pub mod par;
mod parameters;
pub mod revoke;
pub mod token;
pub mod userinfo;
