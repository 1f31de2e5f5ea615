//! The browser's clock: the one file that reads it, or draws a random number.

use std::time::Duration;

use futures::channel::oneshot;
use leptos::prelude::set_timeout;

/// Milliseconds since 1970 on this browser's clock.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the browser's clock")]
pub fn now_millis() -> f64 {
    js_sys::Date::now()
}

/// Waits. Less than nothing is nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is meant"
)]
pub async fn sleep(millis: f64) {
    let (done, wait) = oneshot::channel();
    set_timeout(
        move || {
            let _ = done.send(());
        },
        Duration::from_millis(millis as u64),
    );
    let _ = wait.await;
}

/// `millis`, up to a fifth more or less, so that tabs and browsers that lost the server together do not all come back
/// together.
#[expect(clippy::disallowed_methods, reason = "this is the file that draws randomness in the browser")]
pub fn jittered(millis: f64) -> f64 {
    millis * (0.8 + 0.4 * js_sys::Math::random())
}
