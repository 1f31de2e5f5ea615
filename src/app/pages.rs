//! Pages, one file each.

pub mod account;
pub mod dashboard;
pub mod forbidden;
pub mod home;
pub mod keys;
pub mod login;
pub mod not_found;
pub mod register;
pub mod setup;
