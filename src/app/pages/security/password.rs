//! The password.

use leptos::prelude::*;

#[component]
pub fn Password() -> impl IntoView {
    view! {
        <section class="card wide method" aria-labelledby="password">
            <div>
                <h2 id="password">"Password"</h2>
                <p>"A new password signs you out everywhere else."</p>
            </div>
            <p class="action"><a class="button" href="/account/password">"Change your password"</a></p>
        </section>
    }
}
