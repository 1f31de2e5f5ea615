//! What runs on the server alone. Data flows one way: request → principal → domain → store.

pub mod accounts;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod error;
pub mod housekeeping;
pub mod http;
pub mod notices;
pub mod origin;
pub mod principal;
pub mod request;
pub mod reseal;
pub mod secret;
pub mod sessions;
pub mod state;
pub mod store;
pub mod sync;
pub mod tokens;
