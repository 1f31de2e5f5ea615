//! Parts that pages share.

pub mod action;
pub mod chart;
pub mod confirm;
pub mod countdown;
pub mod dialog;
pub mod ending;
pub mod fields;
pub mod filter;
pub mod footer;
pub mod form;
pub mod header;
pub mod icon;
pub mod list_table;
pub mod loading;
pub mod navigation;
pub mod notice;
pub mod passkey;
pub mod press;
pub mod providers;
pub mod reactive;
pub mod settings;
pub mod subject;
pub mod time;
pub mod username;
