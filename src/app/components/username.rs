//! What password managers need beside a password.

use leptos::prelude::*;

/// Tells password managers whose password it is.
#[component]
pub fn Username(email: String) -> impl IntoView {
    view! { <input type="text" value=email autocomplete="username" readonly hidden aria-hidden="true"/> }
}
