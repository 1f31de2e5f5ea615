//! Signed in, and not allowed. The server answers 403 with it.

use leptos::prelude::*;

use crate::app::title::set_title;

#[component]
pub fn Forbidden() -> impl IntoView {
    set_title(|| "Not allowed".to_owned());
    view! {
        <section class="card">
            <h1>"Not allowed"</h1>
            <p>"You don't have permission to see this page. If you need it, ask an administrator."</p>
            <p><a href="/dashboard">"Go to your dashboard"</a></p>
        </section>
    }
}
