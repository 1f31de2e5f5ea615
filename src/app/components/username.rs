//! What password managers need beside a password.

use leptos::prelude::*;

use super::reactive::text;
use crate::{
    api::account::Me,
    app::resource::{Await, load, render},
    model::profile::Profile,
};

/// Tells password managers whose password it is.
#[component]
pub fn Username(
    /// An address, or what follows it.
    email: Box<dyn Fn() -> String + Send>,
) -> impl IntoView {
    view! { <input type="text" value=email autocomplete="username" readonly hidden aria-hidden="true"/> }
}

/// The same where the page does not know: asks for it.
#[component]
pub fn OwnUsername() -> impl IntoView {
    let profile = load::<Me>(Vec::new);
    let username =
        |profile: Profile| view! { <Username email=text(move || profile.email.to_string())/> }.into_any();
    view! { <Await answer=profile view=render(username) quiet=true/> }
}
