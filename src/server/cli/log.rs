//! The log: text for a person at a terminal, JSON for everything else. It goes to standard error, so that what a
//! command prints can be piped. `RUST_LOG` narrows or widens it.

pub mod limit;

use std::io::{IsTerminal, stderr};

use limit::WarningLimit;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::server::{
    clock::Clock,
    log::format::{Json, Text},
};

/// sqlx logs each slow statement with its text and nothing that is bound to it.
const DEFAULT: &str = "info,sqlx=warn";

/// Returns the limit on warnings, which has to be asked now and then for what it left out.
pub fn init() -> WarningLimit {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let limit = WarningLimit::new(Clock::system());
    let registry = tracing_subscriber::registry().with(filter).with(limit.clone());
    let lines = fmt::layer().with_writer(stderr);
    if stderr().is_terminal() {
        registry.with(lines.event_format(Text::new(true))).init();
    } else {
        registry.with(lines.event_format(Json)).init();
    }
    limit
}
