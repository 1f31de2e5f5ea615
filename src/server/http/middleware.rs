//! What happens to every request before and after its handler.

pub mod authorize_page;
pub mod cors;
pub mod cross_site;
pub mod every_request;
pub mod flash;
pub mod form;
pub mod headers;
pub mod link_token;
pub mod response;
pub mod timeout;
pub mod trace;
