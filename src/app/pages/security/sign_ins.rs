//! The newest sign-ins.

use leptos::prelude::*;

use super::Overview;
use crate::app::{components::reactive::reactive, pages::audit::event_line};

#[component]
pub fn SignIns(overview: Overview) -> impl IntoView {
    let events = move || {
        overview.read(|overview| {
            view! { <ul class="events">{overview.sign_ins.iter().map(event_line).collect_view()}</ul> }
        })
    };
    view! {
        <section aria-labelledby="sign-ins">
            <h2 id="sign-ins">"Recent sign-ins"</h2>
            {reactive(events)}
            <p><a href="/account/sessions">"Where you are signed in"</a></p>
        </section>
    }
}
