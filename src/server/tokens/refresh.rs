//! Refresh tokens: what they are, what presenting one means, and when one counts as arrived.

pub mod client_token;
pub mod confirm;
pub mod grant;
pub mod group;
pub mod rotation;
pub mod salts;
pub mod token;
