//! Changing one's password.

use leptos::prelude::*;

use crate::{
    api::account::{ChangePassword, ListProofs},
    app::{
        components::{
            fields::{Field, NewPassword},
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            loading::LoadingHint,
            username::Username,
        },
        page_data::PageData,
        resource::{Await, load, render},
    },
    model::{proofs::Proofs, session::TokenResponse},
};

#[component]
pub fn Password() -> impl IntoView {
    let form = FormState::of::<ChangePassword>();
    form.on_success(|_: TokenResponse| {});
    let proofs = load::<ListProofs>(Vec::new);
    let content = move |Proofs { email, password, .. }: Proofs| {
        if password {
            view! { <Change form=form email=email.to_string()/> }.into_any()
        } else {
            view! { <NoPassword/> }.into_any()
        }
    };
    view! {
        <PageTitle title="Change your password" form=form/>
        <LoadingHint/>
        <Await answer=proofs view=render(content)/>
    }
}

#[component]
fn Change(form: FormState, email: String) -> impl IntoView {
    view! {
        <section class="card">
            <ErrorSummary form=form labels=&[("current_password", "Current password"), ("new_password", "New password")]/>
            <SuccessMessage form=form text="Your password has been changed. All your other sessions have ended."/>
            <Form form=form clears=&["current_password", "new_password"]>
                <Username email=email/>
                <Field form=form name="current_password" label="Current password" kind="password" autocomplete="current-password"/>
                <NewPassword form=form name="new_password" label="New password"/>
                <Submit form=form label="Change password" busy="Changing…"/>
            </Form>
        </section>
    }
}

/// Somebody who came in through a provider.
#[component]
fn NoPassword() -> impl IntoView {
    let how = if expect_context::<PageData>().mail {
        view! { <p><a class="button" href="/forgot">"Have a link mailed to you"</a></p> }.into_any()
    } else {
        view! { <p>"Ask an administrator for a link to set one."</p> }.into_any()
    };
    view! {
        <section class="card">
            <p>"Your account has no password: you sign in with a provider or a passkey."</p>
            {how}
        </section>
    }
}
