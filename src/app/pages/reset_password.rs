//! Choosing a new password, with a link that was mailed, or that an administrator has made.

use leptos::{either::Either, prelude::*};

use super::login::with_next;
use crate::{
    api::auth::ResetPassword as Reset,
    app::{
        components::{
            fields::NewPassword,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            notice::SignedInAs,
            username::Username,
        },
        page_data::PageData,
        query::next_page,
        session::go_to,
    },
    model::local_path::LocalPath,
};

#[component]
pub fn ResetPassword() -> impl IntoView {
    let PageData { link, mail, .. } = expect_context();
    let next = next_page();
    match link {
        Some(link) => Either::Left(view! { <ChoosePassword email=link.account.to_string() next=next/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Reset your password"/>
                {if mail {
                    Either::Left(view! { <p>"This link was used or has expired. "<a href=with_next("/forgot", &next)>"Ask for a new one"</a>"."</p> })
                } else {
                    Either::Right(view! { <p>"This link was used or has expired. Ask an administrator for a new one."</p> })
                }}
                <p class="aside"><a href=with_next("/login", &next)>"Sign in"</a></p>
            </section>
        }),
    }
}

#[component]
fn ChoosePassword(email: String, next: LocalPath) -> impl IntoView {
    let form = FormState::of::<Reset>();
    let login = next.with_new_password();
    // A page load, so that a session of the account that this browser holds is noticed to be over.
    form.on_success(move |()| go_to(login.as_str()));
    view! {
        <section class="card">
            <PageTitle title="Reset your password" form=form/>
            <SignedInAs then="This link is for the account below, whoever is signed in."/>
            <p>"Choose a new password for "<strong>{email.clone()}</strong>". You will be signed out everywhere."</p>
            <ErrorSummary form=form labels=&[("password", "New password")]/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <Username email=email/>
                <NewPassword form=form name="password" label="New password"/>
                <Submit form=form label="Set new password" busy="Saving…"/>
            </Form>
        </section>
    }
}
