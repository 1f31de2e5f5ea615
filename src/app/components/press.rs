//! Presses that were not meant for what they reach.

use std::cell::RefCell;

use leptos::ev::{KeyboardEvent, MouseEvent};
use web_sys::EventTarget;

thread_local! {
    /// What the mouse was pressed on last.
    static PRESSED: RefCell<Option<EventTarget>> = const { RefCell::new(None) };
}

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

/// The second press of a double click leaves the focus where it is, if what the first was meant for is gone: the focus
/// has moved on from there.
pub fn keep_focus(event: &MouseEvent) {
    let pressed = event.target();
    let before = PRESSED.replace(pressed.clone());
    if is_second_click(event) && pressed != before {
        event.prevent_default();
    }
}
