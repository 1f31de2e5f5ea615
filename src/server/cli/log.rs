//! The log: text for a person at a terminal, JSON for everything else. It goes to standard error, so that what a
//! command prints can be piped. `RUST_LOG` narrows or widens it.

pub mod limit;
mod lines;

use std::io::{IsTerminal, stderr};

use limit::WarningLimit;
use lines::Lines;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::server::{
    clock::Clock,
    log::format::{Json, Text},
};

/// sqlx logs each slow statement with its text and nothing that is bound to it.
const DEFAULT: &str = "info,sqlx=warn";

/// What the log needs while the program runs.
pub struct Log {
    limit: WarningLimit,
    lines: Lines,
}

impl Log {
    /// From now on, what is logged is written.
    pub fn init() -> Self {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
        let limit = WarningLimit::new(Clock::system());
        let lines = Lines::to_stderr();
        let registry = tracing_subscriber::registry().with(filter).with(limit.clone());
        let layer = fmt::layer().with_writer(lines.clone());
        if stderr().is_terminal() {
            registry.with(layer.event_format(Text::new(true))).init();
        } else {
            registry.with(layer.event_format(Json)).init();
        }
        Self { limit, lines }
    }

    /// Writes lines that wait, and says what was left out, for as long as the program runs.
    pub fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        let (limit, lines) = (self.limit.clone(), self.lines.clone());
        async {
            tokio::join!(limit.run(), lines.run());
        }
    }

    /// Writes what is left.
    pub fn end(self) {
        self.limit.report();
        self.lines.write_out();
    }
}
