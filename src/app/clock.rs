//! What time it is, for what pages say of other times.

use leptos::{prelude::*, task::spawn_local};

use super::components::reactive::effect;
use crate::client::timer::{now_millis, sleep};

/// Milliseconds until what is said of times is said anew.
const TICK: f64 = 20_000.0;

/// Whether it is read, which begins when the page is hydrated. Whoever has read it is told to again from time to time.
#[derive(Clone, Copy, Debug)]
pub struct Clock(RwSignal<bool>);

impl Clock {
    pub fn provide() {
        let ticks = RwSignal::new(false);
        // Effects run in the browser alone, after hydration.
        effect(move || {
            spawn_local(async move {
                // A little later, so that a slow device stays responsive.
                sleep(0.0).await;
                while ticks.try_set(true).is_none() {
                    sleep(TICK).await;
                }
            });
        });
        provide_context(Self(ticks));
    }

    pub fn current() -> Self {
        expect_context()
    }

    /// Milliseconds since 1970. Nothing until the page is hydrated: the server, which does not know the reader's time
    /// zone, renders the same.
    pub fn now(self) -> Option<f64> {
        self.0.get().then(now_millis)
    }
}
