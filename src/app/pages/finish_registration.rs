//! Making an account, with a link that was mailed to its address.

use leptos::{either::Either, prelude::*};

use super::invitation::NameAndPassword;
use crate::{
    api::auth::FinishRegistration as Finish,
    app::{
        components::{
            form::{FormState, PageTitle},
            notice::SignedInAs,
        },
        page_data::PageData,
        query::next_page,
    },
};

#[component]
pub fn FinishRegistration() -> impl IntoView {
    match expect_context::<PageData>().link {
        Some(link) => Either::Left(view! { <Choose email=link.account.to_string()/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Finish signing up"/>
                <p>"This link was used or has expired. "<a href="/register">"Ask for a new one"</a>"."</p>
                <p class="aside"><a href="/login">"Sign in"</a></p>
            </section>
        }),
    }
}

#[component]
fn Choose(email: String) -> impl IntoView {
    let form = FormState::of::<Finish>();
    let next = next_page();
    form.starts_session(next.clone());
    view! {
        <section class="card">
            <PageTitle title="Finish signing up" form=form/>
            <SignedInAs then="If you create another account, that one is signed out in this browser."/>
            <p>"Choose a name and a password for "<strong>{email.clone()}</strong>"."</p>
            <NameAndPassword form=form email=email next=next.to_string() submit="Create account" busy="Creating account…"/>
        </section>
    }
}
