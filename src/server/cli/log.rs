//! The log: text for a person at a terminal, JSON for everything else. It goes to standard error, so that what a
//! command prints can be piped. `RUST_LOG` narrows or widens it.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// sqlx logs each slow statement with its text and nothing that is bound to it.
const DEFAULT: &str = "info,sqlx=warn";

pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter);
    if stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(stderr).with_target(false).compact()).init();
    } else {
        registry
            .with(fmt::layer().with_writer(stderr).json().flatten_event(true).with_span_list(false))
            .init();
    }
}
