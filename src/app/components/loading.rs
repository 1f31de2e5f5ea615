//! What is said while a page is not whole.

use leptos::prelude::*;

use super::reactive::reactive;
use crate::app::hydrated::Hydrated;

/// Says why the buttons of a page that need an access token cannot be pressed, as long as it is so: the client bundle
/// is late, or it failed to load, or there is no JavaScript. It stays in view, whatever is unfolded below.
#[component]
pub fn LoadingHint() -> impl IntoView {
    let hydrated = Hydrated::current();
    reactive(move || {
        (!hydrated.get()).then(|| {
            view! {
                <div class="loading" role="status">
                    <p class="late">"You can read and type already. The buttons work once this page has loaded, which needs JavaScript."</p>
                    <p class="failed">"This page could not be loaded completely, so its buttons don't work. Copy what you have typed, then reload the page."</p>
                </div>
            }
        })
    })
}
