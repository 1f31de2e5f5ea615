//! Where a request came from, for the audit log and the list of sessions.

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

    /// Something that was done at the command line.
    pub fn command_line() -> Self {
        Self { ip: String::new(), user_agent: "latchkey command".to_owned(), request_id: String::new() }
    }
}
