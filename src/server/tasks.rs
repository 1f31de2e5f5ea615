//! What runs beside the requests, for as long as the program runs.

pub mod client_sessions;
pub mod clock;
pub mod housekeeping;
pub mod logout_deliveries;
pub mod mails;
pub mod sync;
