//! Signing in through a provider, which tells the truth or lies.

mod accounts;
mod chain;
mod github;
mod lies;
mod linking;
mod logout;
mod outage;
pub mod provider;
mod settings;
mod sign_in;
