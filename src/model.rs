//! The types of the wire and their parsing rules, shared by the server and the browser.
//!
//! Nothing here does I/O, reads a clock or draws a random number, and all of it compiles to WASM.

pub mod access;
pub mod account;
pub mod audit_event;
pub mod display_name;
pub mod email;
pub mod id;
pub mod local_path;
pub mod notice;
pub mod page;
pub mod password;
pub mod person;
pub mod role;
pub mod session;
pub mod signing_key;
pub mod text;
pub mod utc_time;
