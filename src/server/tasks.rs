//! What runs beside the requests, for as long as the program runs.

pub mod checkpoints;
pub mod client_sessions;
pub mod clock;
pub mod housekeeping;
pub mod imported_hashes;
pub mod logout_deliveries;
pub mod mails;
pub mod providers;
pub mod sync;
