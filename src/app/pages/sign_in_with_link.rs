//! Signing in with a link that was mailed.

use leptos::{either::Either, prelude::*};

use crate::{
    api::auth::SignInWithLink as UseLink,
    app::{
        components::{
            form::{Form, FormError, FormState, PageTitle, Submit},
            notice::SignedInAs,
        },
        page_data::PageData,
    },
    model::link::LinkSubject,
};

#[component]
pub fn SignInWithLink() -> impl IntoView {
    match expect_context::<PageData>().link {
        Some(link) => Either::Left(view! { <AskFirst link=link/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Sign in by mail"/>
                <p>"This link was used or has expired, or you asked for it in another browser."</p>
                <p class="aside"><a href="/login">"Sign in"</a></p>
            </section>
        }),
    }
}

/// Programs that scan mails open every link: somebody must press the button.
#[component]
fn AskFirst(link: LinkSubject) -> impl IntoView {
    let form = FormState::of::<UseLink>();
    form.starts_session(link.next.unwrap_or_default());
    view! {
        <section class="card">
            <PageTitle title="Sign in by mail" form=form/>
            <SignedInAs then="If you sign in to another account, that one is signed out in this browser."/>
            <p>"You sign in as "<strong>{link.account.to_string()}</strong>"."</p>
            <FormError form=form/>
            <Form form=form>
                <Submit form=form label="Sign in" busy="Signing in…"/>
            </Form>
        </section>
    }
}
