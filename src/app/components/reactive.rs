//! Parts of a page that follow signals.

use leptos::prelude::*;

/// A part of a page that is made anew whenever a signal that it reads changes. All such parts are of one type: each
/// closure in a view would otherwise compile the machinery behind it once more, some 500 bytes on the wire.
pub fn reactive<V: IntoView + 'static>(part: impl Fn() -> V + Send + 'static) -> AnyView {
    erase_type(Box::new(move || part().into_any()))
}

fn erase_type(part: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || part()).into_any()
}

/// Runs `effect` in the browser, and again whenever a signal that it reads changes. All effects are of one type, as
/// above.
pub fn effect(effect: impl Fn() + Send + Sync + 'static) {
    run_effect(Box::new(effect));
}

fn run_effect(effect: Box<dyn Fn() + Send + Sync>) {
    Effect::new(move |_| effect());
}

/// An attribute that follows signals: one that is there or not.
pub fn flag(flag: impl Fn() -> bool + Send + 'static) -> Box<dyn Fn() -> bool + Send> {
    Box::new(flag)
}

/// An attribute that follows signals: one that has this text or is not there.
pub fn word(
    word: &'static str,
    is_there: impl Fn() -> bool + Send + 'static,
) -> Box<dyn Fn() -> Option<&'static str> + Send> {
    Box::new(move || is_there().then_some(word))
}

/// An attribute that follows signals: one with a text.
pub fn text(text: impl Fn() -> String + Send + 'static) -> Box<dyn Fn() -> String + Send> {
    Box::new(text)
}

/// Whether something holds, followed only when that changes.
pub fn whether(holds: impl Fn() -> bool + Send + Sync + 'static) -> Memo<bool> {
    erase_condition(Box::new(holds))
}

fn erase_condition(holds: Box<dyn Fn() -> bool + Send + Sync>) -> Memo<bool> {
    Memo::new(move |_| holds())
}

/// What is done when something happens to an element.
pub fn on<E: 'static>(handler: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(handler)
}
