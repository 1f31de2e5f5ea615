//! Lines on their way to standard error, many in one write.
//!
//! A write for each line is a tenth of what a short request takes. So lines wait a moment for others. A warning or an error
//! does not wait, and takes along what does; so does the end of the program. Only a program that is killed loses its last
//! moment.

use std::{
    io::{self, Stderr, Write, stderr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at the most.
const DELAY: Duration = Duration::from_millis(10);
/// So many bytes do not wait for more.
const FULL: usize = 32 * 1024;

/// Where lines wait; cheap to share.
#[derive(Debug)]
pub struct Lines<W = Stderr>(Arc<Inner<W>>);

#[derive(Debug)]
struct Inner<W> {
    waiting: Mutex<Waiting<W>>,
    /// Told when a first line waits.
    begun: Notify,
}

#[derive(Debug)]
struct Waiting<W> {
    lines: Vec<u8>,
    out: W,
}

impl<W: Write> Waiting<W> {
    fn write_out(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.lines).and_then(|()| self.out.flush());
        // What could not be written is not written twice: nobody knows how much of it was.
        self.lines.clear();
        written
    }
}

impl Lines {
    pub fn to_stderr() -> Self {
        Self::to(stderr())
    }
}

impl<W: Write> Lines<W> {
    fn to(out: W) -> Self {
        let waiting = Mutex::new(Waiting { lines: Vec::with_capacity(FULL), out });
        Self(Arc::new(Inner { waiting, begun: Notify::new() }))
    }

    /// Writes what waits, for as long as the program runs.
    pub async fn run(self) {
        loop {
            self.0.begun.notified().await;
            tokio::time::sleep(DELAY).await;
            self.write_out();
        }
    }

    /// Writes all that waits.
    pub fn write_out(&self) {
        // There is nowhere to say that the log can't be written.
        let _ = self.waiting().write_out();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<W>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Clone for Lines<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Takes one line.
#[derive(Debug)]
pub struct Line<'a, W> {
    lines: &'a Lines<W>,
    is_urgent: bool,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.lines.waiting();
        let is_first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        if self.is_urgent || waiting.lines.len() >= FULL {
            waiting.write_out()?;
        } else if is_first {
            self.lines.0.begun.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { lines: self, is_urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Line { lines: self, is_urgent: *metadata.level() <= Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;
    use tracing_subscriber::fmt;

    use super::*;

    impl Lines<Vec<u8>> {
        fn written(&self) -> String {
            String::from_utf8(self.waiting().out.clone()).unwrap()
        }
    }

    /// Lines of a program that logs, and what logs them.
    fn logging() -> (Lines<Vec<u8>>, impl tracing::Subscriber) {
        let lines = Lines::to(Vec::new());
        let subscriber = fmt().without_time().with_target(false).with_level(false).with_ansi(false);
        (lines.clone(), subscriber.with_writer(lines).finish())
    }

    #[test]
    fn a_line_waits_and_a_warning_takes_it_along_in_order() {
        let (lines, subscriber) = logging();
        with_default(subscriber, || {
            tracing::info!("first");
            assert_eq!(lines.written(), "");
            tracing::warn!("second");
            assert_eq!(lines.written(), "first\nsecond\n");
        });
    }

    #[test]
    fn many_lines_do_not_wait_for_more() {
        let (lines, subscriber) = logging();
        with_default(subscriber, || {
            let long = "x".repeat(FULL / 2);
            tracing::info!("{long}");
            tracing::info!("{long}");
            assert_eq!(lines.written().len(), FULL + 2);
        });
    }

    #[tokio::test]
    async fn a_lone_line_does_not_wait_for_ever() {
        let (lines, subscriber) = logging();
        tokio::spawn(lines.clone().run());
        with_default(subscriber, || tracing::info!("alone"));
        let is_written = async {
            while lines.written().is_empty() {
                tokio::time::sleep(DELAY).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), is_written).await.unwrap();
        assert_eq!(lines.written(), "alone\n");
    }
}
