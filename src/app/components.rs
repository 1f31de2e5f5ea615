//! Parts that pages share.

pub mod action;
pub mod dialog;
pub mod form;
pub mod header;
pub mod live;
pub mod notice;
