//! Handlers.

pub mod account;
pub mod assets;
pub mod export;
pub mod functions;
pub mod health;
pub mod keys;
pub mod pages;
