//! The first page.

use leptos::{either::Either, prelude::*};
use leptos_meta::Title;

use crate::app::{components::live::live, document::Document, session::SessionContext};

#[component]
pub fn Home() -> impl IntoView {
    let session = SessionContext::get();
    let registration_open = expect_context::<Document>().registration_open;
    view! {
        <Title text=""/>
        <section class="hero">
            <h1>"One key for all your services"</h1>
            <p>"Sign in once, here. You stay signed in until you mean to leave, and everything else knows who you are."</p>
            <p class="actions">
                {live(move || {
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
    }
}
