//! The types of the wire and their parsing rules, shared by the server and the browser.
//!
//! Nothing here does I/O, reads a clock or draws a random number, and all of it compiles to WASM.

pub mod access;
pub mod audit_event;
pub mod client_algorithm;
pub mod display_name;
pub mod email;
pub mod error;
pub mod form;
pub mod group;
pub mod id;
pub mod json;
pub mod level;
pub mod link;
pub mod local_path;
pub mod methods;
pub mod notice;
pub mod oauth;
pub mod overview;
pub mod page;
pub mod passkey;
pub mod password;
pub mod profile;
pub mod proofs;
pub mod query;
pub mod role;
pub mod second_factor;
pub mod security;
pub mod session;
pub mod signing_key;
pub mod text;
pub mod theme;
pub mod upstream;
pub mod user;
pub mod utc_time;
pub mod webauthn;
