//! How long one has to wait before one may try again.

use leptos::{prelude::*, task::spawn_local};

use super::reactive::{effect, reactive};
use crate::client::timer::{now_millis, sleep};

/// What stands above it: how long is not said twice.
pub const TOO_MANY: &str = "Too many attempts.";

/// Counts the seconds down. Nobody listens to each of them.
#[component]
pub fn Countdown(seconds: u64) -> impl IntoView {
    let left = RwSignal::new(seconds);
    // By the clock, because a tab in the background sleeps longer than it is told. Effects run in the browser alone.
    effect(move || {
        spawn_local(async move {
            let begin = now_millis();
            loop {
                sleep(1_000.0).await;
                let now = seconds.saturating_sub(seconds_between(begin, now_millis()));
                if left.try_set(now).is_some() || now == 0 {
                    return;
                }
            }
        });
    });
    let text = move || match left.get() {
        0 => "You can try again now.".to_owned(),
        left if left < 60 => format!("You can try again in {left} s."),
        left => format!("You can try again in {} min {:02} s.", left / 60, left % 60),
    };
    view! { <p class="number" role="timer" aria-live="off">{reactive(text)}</p> }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is meant"
)]
fn seconds_between(begin: f64, end: f64) -> u64 {
    ((end - begin) / 1_000.0) as u64
}
