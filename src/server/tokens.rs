//! Tokens: access tokens (RFC 9068) of the portal and of clients, ID and logout tokens, the refresh tokens that renew them, and
//! tokens that work once.

pub mod access;
pub mod authorization_code;
pub mod cache;
pub mod claims;
pub mod client_access;
pub mod client_paseto;
pub mod denylist;
pub mod foreign;
pub mod id_token;
pub mod id_token_hint;
pub mod jwe;
pub mod logout_token;
pub mod one_time;
pub mod paseto;
pub mod person_claims;
pub mod refresh;
pub mod upstream;
pub mod verify;
