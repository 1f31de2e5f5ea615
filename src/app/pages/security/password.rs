//! The password.

use leptos::prelude::*;

#[component]
pub fn Password() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="password">
            <h2 id="password">"Password"</h2>
            <p>"A new password signs you out everywhere else."</p>
            <p><a href="/account/password">"Change your password"</a></p>
        </section>
    }
}
