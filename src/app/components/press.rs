//! Presses that were not meant for what they reach.

use leptos::ev::{KeyboardEvent, MouseEvent};

/// A key that is held down presses a button once: the next press might be on something else.
pub fn press_once(event: &KeyboardEvent) {
    if event.repeat() && matches!(event.key().as_str(), "Enter" | " ") {
        event.prevent_default();
    }
}

/// Whether this is the second click of a double click, which was meant for what stood there at the first.
pub fn is_second_click(event: &MouseEvent) -> bool {
    event.detail() > 1
}
