//! Pages, one file each.

pub mod account;
pub mod apps;
pub mod audit;
pub mod client;
pub mod clients;
pub mod consent;
pub mod dashboard;
pub mod device;
pub mod forbidden;
pub mod group;
pub mod groups;
pub mod home;
pub mod invitation;
pub mod keys;
pub mod login;
pub mod not_found;
pub mod notices;
pub mod password;
pub mod register;
pub mod reset_password;
pub mod second_step;
pub mod security;
pub mod sessions;
pub mod setup;
pub mod user;
pub mod users;
