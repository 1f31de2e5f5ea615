//! A request as use cases see it: who is asking, from where, and with which cookies.

mod authenticate;
pub mod caller;
pub mod cookies;

pub use authenticate::record_denial;
