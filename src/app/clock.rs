//! What time it is, for what pages say of other times.

use leptos::{prelude::*, task::spawn_local};

use super::components::reactive::effect;
use crate::client::timer::{now_millis, sleep};

/// Milliseconds between two looks at the browser's clock.
const TICK: f64 = 20_000.0;

/// Milliseconds since 1970. Nothing until the page is hydrated: the server, which does not know the reader's time zone,
/// renders the same.
#[derive(Clone, Copy, Debug)]
pub struct Clock(RwSignal<Option<f64>>);

impl Clock {
    pub fn provide() {
        let now = RwSignal::new(None);
        // Effects run in the browser alone, after hydration.
        effect(move || {
            spawn_local(async move {
                while now.try_set(Some(now_millis())).is_none() {
                    sleep(TICK).await;
                }
            });
        });
        provide_context(Self(now));
    }

    pub fn current() -> Self {
        expect_context()
    }

    pub fn now(self) -> Option<f64> {
        self.0.get()
    }
}
