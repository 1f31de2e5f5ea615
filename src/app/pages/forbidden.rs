//! Signed in, and not allowed. The server answers 403 with it.

use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn Forbidden() -> impl IntoView {
    view! {
        <Title text="Not allowed"/>
        <section class="card">
            <h1>"Not allowed"</h1>
            <p>"Your account may not see this page. If you think that it should, ask an administrator."</p>
            <p><a href="/dashboard">"To your dashboard"</a></p>
        </section>
    }
}
