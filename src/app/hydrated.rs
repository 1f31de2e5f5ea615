//! Whether WASM has taken the page over. Until then, buttons that need an access token cannot be pressed.

use leptos::prelude::*;

use super::components::reactive::effect;

#[derive(Clone, Copy, Debug)]
pub struct Hydrated(RwSignal<bool>);

impl Hydrated {
    pub fn provide() {
        let hydrated = RwSignal::new(false);
        // Effects run in the browser alone, after hydration.
        effect(move || hydrated.set(true));
        provide_context(Self(hydrated));
    }

    pub fn current() -> Self {
        expect_context()
    }

    pub fn get(self) -> bool {
        self.0.get()
    }

    /// As it is when it is asked.
    pub fn get_untracked(self) -> bool {
        self.0.get_untracked()
    }
}
