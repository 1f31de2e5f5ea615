//! A limit on warnings and errors: strangers can provoke some of them, and must not fill the disk that the log is on.
//!
//! Each kind, which is a place in the code, has a counter of its own, so that a flood of one hides no other. What is left
//! out is counted. Which request caused it stays known: its own line, with address, path and status, is not limited.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{
    Event, Level, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

use crate::server::{
    clock::Clock,
    rate_limit::counters::{Counters, Rate},
};

/// Of one kind: sixty at once, then one every ten seconds.
const PER_KIND: Rate = Rate { burst: 60, every: Duration::from_secs(10) };
/// How often it is said what was left out.
const INTERVAL: Duration = Duration::from_secs(60);
/// Marks what says so, which is limited by itself.
const REPORT: &str = "latchkey::left_out";

/// Decides what is written.
#[derive(Clone)]
pub struct WarningLimit(Arc<Inner>);

struct Inner {
    clock: Clock,
    counters: Counters,
    left_out: Mutex<HashMap<Identifier, LeftOut>>,
}

/// Warnings of one kind that were not written.
struct LeftOut {
    /// The first of them.
    message: String,
    count: u64,
}

impl WarningLimit {
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, counters: Counters::new(PER_KIND), left_out: Mutex::default() }))
    }

    /// Says every minute what was left out, for as long as the program runs.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.report();
        }
    }

    /// Says what was left out since the last time.
    pub fn report(&self) {
        // The lock is not held while something is logged, which asks for it.
        let left_out = std::mem::take(&mut *self.left_out());
        for LeftOut { message, count } in left_out.into_values() {
            tracing::warn!(target: REPORT, "{message} … and {count} more in the last minute");
        }
    }

    fn allows(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        let limited = *metadata.level() <= Level::WARN && metadata.target() != REPORT;
        if !limited {
            return true;
        }
        let kind = metadata.callsite();
        let allowed = self.0.counters.count(&kind, self.0.clock.elapsed()).is_ok();
        if !allowed {
            let new = || LeftOut { message: message(event), count: 0 };
            self.left_out().entry(kind).or_insert_with(new).count += 1;
        }
        allowed
    }

    fn left_out(&self) -> MutexGuard<'_, HashMap<Identifier, LeftOut>> {
        self.0.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for WarningLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.allows(event)
    }
}

fn message(event: &Event<'_>) -> String {
    struct Message(String);
    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0
}
