//! What a page about one of several things is about.

use leptos::prelude::*;

use super::reactive::reactive;

/// The name of the thing, below the heading that says what it is. It follows the thing.
pub fn subject(name: impl Fn() -> Option<String> + Send + 'static) -> AnyView {
    view! { <p class="subject">{reactive(name)}</p> }.into_any()
}
