//! Who sent a request, as far as the network tells: for the audit log and the list of sessions.

pub mod device;
pub mod network;
pub mod request_ids;

use super::clock::Timestamp;
use network::Network;

/// Address, device and request id of one request.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    pub ip: String,
    /// The `User-Agent` header, cut to [`ClientInfo::MAX_USER_AGENT`] characters.
    pub user_agent: String,
    pub request_id: String,
}

impl ClientInfo {
    pub const MAX_USER_AGENT: usize = 300;

    /// The network that it comes from; none for what the program or a command does.
    pub fn network(&self) -> Option<Network> {
        self.ip.parse().ok().map(Network::of)
    }

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
pub struct ActionContext<'a> {
    pub now: Timestamp,
    pub client: &'a ClientInfo,
}
