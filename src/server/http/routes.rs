//! Handlers.

pub mod account;
pub mod appearance;
pub mod assets;
pub mod export;
pub mod functions;
pub mod health;
pub mod keys;
pub mod oauth;
pub mod pages;
pub mod security;
pub mod upstream;
