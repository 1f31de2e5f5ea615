//! No such page. The server answers 404 with it.

use leptos::prelude::*;

use crate::app::title::set_title;

#[component]
pub fn NotFound() -> impl IntoView {
    set_title(|| "Page not found".to_owned());
    view! {
        <section class="card">
            <h1>"Page not found"</h1>
            <p>"There is no page at this address."</p>
            <p><a href="/">"Go to the home page"</a></p>
        </section>
    }
}
