//! Putting the old address of an account back, with a link that was mailed to it when the address was changed.

use leptos::{either::Either, prelude::*};

use crate::{
    api::auth::RestoreEmail as Restore,
    app::{
        components::{
            fields::NewPassword,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            username::Username,
        },
        page_data::PageData,
        session::go_to,
    },
    model::{local_path::LocalPath, session::SignOutReason},
};

#[component]
pub fn RestoreEmail() -> impl IntoView {
    match expect_context::<PageData>().link.and_then(|link| link.address) {
        Some(email) => Either::Left(view! { <AskFirst email=email.to_string()/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Put your email address back"/>
                <p>"This link was used or has expired. Ask an administrator for help."</p>
                <p class="aside"><a href="/login">"Sign in"</a></p>
            </section>
        }),
    }
}

#[component]
fn AskFirst(email: String) -> impl IntoView {
    let form = FormState::of::<Restore>();
    // A page load, so that a session of the account that this browser holds is noticed to be over.
    form.on_success(|()| go_to(LocalPath::signed_out(SignOutReason::PasswordChanged).as_str()));
    view! {
        <section class="card">
            <PageTitle title="Put your email address back" form=form/>
            <p>"Your account gets the address "<strong>{email.clone()}</strong>" and a new password. All sessions end."</p>
            <ErrorSummary form=form labels=&[("password", "New password")]/>
            <Form form=form>
                <Username email=email/>
                <NewPassword form=form name="password" label="New password"/>
                <Submit form=form label="Put the address back" busy="Saving…"/>
            </Form>
        </section>
    }
}
