//! Parts of a page that follow signals.

use leptos::prelude::*;

/// A part of a page that is made anew whenever a signal that it reads changes. All such parts are of one type: each
/// closure in a view would otherwise compile the machinery behind it once more, some 500 bytes on the wire.
pub fn live<V: IntoView + 'static>(part: impl Fn() -> V + Send + 'static) -> AnyView {
    of_one_type(Box::new(move || part().into_any()))
}

fn of_one_type(part: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || part()).into_any()
}
