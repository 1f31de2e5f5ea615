//! A fault of ours ends what it is about, and not the task on which everybody relies (OWASP ASVS 16.5.4). A request that
//! panics is answered with 500; a task that panics would be gone, and nobody would be told.

use std::{any::Any, panic::AssertUnwindSafe};

use futures::FutureExt;

/// Does one piece of a task's work. Nothing: it panicked, which is logged.
pub fn survive<T>(work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    // Boxed: it may be large, and is moved.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    async {
        match work.await {
            Ok(done) => Some(done),
            Err(panic) => {
                tracing::error!(panic = message(&*panic), "a task panicked; it goes on");
                None
            }
        }
    }
}

/// What a panic says.
pub fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    panic.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_app::Log;

    #[tokio::test]
    async fn a_task_survives_a_panic_and_says_so() {
        let log = Log::capture();
        assert_eq!(survive(async { panic!("a fault in {}", "one piece") }).await, None::<()>);
        assert_eq!(survive(async { "done" }).await, Some("done"));
        let log = log.text();
        assert!(log.contains("ERROR") && log.contains("a fault in one piece"), "{log}");
    }
}
