//! Signing in through OpenID Providers of others. Somebody is known by issuer and subject; an address finds no account.

mod account;
mod answer;
pub mod begin;
mod discovery;
mod exchange;
pub mod finish;
mod form;
mod github;
pub mod identities;
pub mod logout;
mod person;
pub mod providers;
pub mod refused;
pub mod report;
mod settings;

pub use discovery::{discover_again, read_metadata};
pub use form::ProviderForm;
pub use settings::ProviderSettings;
