//! When and from where something is done, for the audit log and the list of sessions.

use super::clock::Timestamp;

/// Address, device and request id of one request.
#[derive(Clone, Debug)]
pub struct Origin {
    pub ip: String,
    /// The `User-Agent` header, cut to [`Origin::MAX_USER_AGENT`] characters.
    pub user_agent: String,
    pub request_id: String,
}

impl Origin {
    pub const MAX_USER_AGENT: usize = 300;

    /// Something that the program does by itself.
    pub fn program() -> Self {
        Self { ip: String::new(), user_agent: "latchkey".to_owned(), request_id: String::new() }
    }

    /// Something that was done at the command line.
    pub fn command_line() -> Self {
        Self { ip: String::new(), user_agent: "latchkey command".to_owned(), request_id: String::new() }
    }
}

/// When and from where something is done: what every change is recorded with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub now: Timestamp,
    pub origin: &'a Origin,
}
