//! Parts that pages share.

pub mod form;
pub mod header;
pub mod notice;
