//! The first page.

use leptos::{either::Either, prelude::*};

use crate::app::{
    components::{
        icon::{Icon, Sign},
        reactive::reactive,
    },
    page_data::PageData,
    session::SessionContext,
    title::set_title,
};

#[component]
pub fn Home() -> impl IntoView {
    let session = SessionContext::get();
    let registration_open = expect_context::<PageData>().registration_open;
    set_title(String::new);
    view! {
        <section class="hero">
            <h1>"One key for all your services"</h1>
            <p>"Sign in once, here. You stay signed in until you sign out, and your other services know who you are."</p>
            <p class="actions">
                {reactive(move || {
                    if session.is_signed_in() {
                        Either::Left(view! { <a class="button primary" href="/dashboard">"Go to your dashboard"</a> })
                    } else {
                        Either::Right(view! {
                            <a class="button primary" href="/login">"Sign in"</a>
                            {registration_open.then(|| view! { <a class="button" href="/register">"Create an account"</a> })}
                        })
                    }
                })}
            </p>
        </section>
        <ul class="points">
            <li><Sign icon=Icon::Key/><strong>"One account"</strong>"Each of your services takes it, and none of them sees your password."</li>
            <li><Sign icon=Icon::Computer/><strong>"Every device in view"</strong>"See where you are signed in, and end any session from anywhere."</li>
            <li><Sign icon=Icon::Shield/><strong>"Copies are noticed"</strong>"If somebody uses a copy of your session, it is closed and you are told."</li>
        </ul>
    }
}
