//! Sessions: signing in starts one, a rotating refresh token keeps it, and it ends when somebody means it to.
//!
//! A session is one row, a *family* of refresh tokens of which only the newest generation counts.
//! [`rotation`](super::tokens::refresh::rotation) holds the rules as pure functions; [`refresh`], [`page`] and [`revoke`]
//! carry out what they decide, each in one transaction.

pub mod client_sessions;
mod issue;
pub mod own;
pub mod page;
pub mod refresh;
pub mod revoke;
pub mod start;
pub mod step_up;
mod unusual;

pub use issue::{Issued, SessionCookie, issue};
