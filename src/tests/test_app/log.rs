//! What is logged during a test.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, set_default},
};
use tracing_subscriber::{
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
};

use super::TestClock;
use crate::server::{
    cli::log::limit::WarningLimit,
    log::format::{Json, Text},
};

/// As at a terminal, or as everywhere else.
#[derive(Clone, Copy, Debug)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Buffer {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// All that this thread logs from its capture on.
pub struct Log {
    buffer: Buffer,
    guard: DefaultGuard,
    /// With one subscriber alone, `tracing` takes what the threads of other tests want of an event for what all want.
    _another: Dispatch,
}

impl Log {
    pub fn capture() -> Self {
        Self::capture_as(LogFormat::Text)
    }

    pub fn capture_as(format: LogFormat) -> Self {
        Self::of(format, None)
    }

    /// With the limit that the program has.
    pub fn limited(clock: &TestClock) -> (Self, WarningLimit) {
        let limit = WarningLimit::new(clock.clock());
        (Self::of(LogFormat::Text, Some(limit.clone())), limit)
    }

    fn of(format: LogFormat, limit: Option<WarningLimit>) -> Self {
        let buffer = Buffer::default();
        let lines = fmt::layer().with_ansi(false).with_writer(buffer.clone());
        let registry = tracing_subscriber::registry().with(limit);
        let guard = match format {
            LogFormat::Text => set_default(registry.with(lines.event_format(Text::new(false)))),
            LogFormat::Json => set_default(registry.with(lines.event_format(Json))),
        };
        let another = Dispatch::new(tracing::subscriber::NoSubscriber::default());
        Self { buffer, guard, _another: another }
    }

    pub fn text(self) -> String {
        drop(self.guard);
        String::from_utf8(self.buffer.0.lock().unwrap().clone()).unwrap()
    }
}
