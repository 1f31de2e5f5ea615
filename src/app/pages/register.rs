//! Signing up.

use leptos::{either::Either, prelude::*};

use super::login::with_next;
use crate::{
    api::auth::Register as SignUp,
    app::{
        components::{
            fields::{Field, NewPassword},
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
        },
        page_data::PageData,
        query::next_page,
    },
};

#[component]
pub fn Register() -> impl IntoView {
    if expect_context::<PageData>().registration_open {
        Either::Left(view! { <SignUpForm/> })
    } else {
        Either::Right(view! {
            <section class="card">
                <PageTitle title="Create an account"/>
                <p>"Sign-up is closed here. Ask an administrator for an account."</p>
                <p class="aside"><a href="/login">"Sign in"</a></p>
            </section>
        })
    }
}

#[component]
fn SignUpForm() -> impl IntoView {
    let form = FormState::of::<SignUp>();
    let next = next_page();
    form.starts_session(next.clone());
    let login = with_next("/login", &next);
    view! {
        <section class="card">
            <PageTitle title="Create an account" form=form/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <NewAccount form=form submit="Create account"/>
            </Form>
            <p class="aside">"Already have an account? "<a href=login>"Sign in"</a></p>
        </section>
    }
}

/// The fields that make an account, and the button.
#[component]
pub fn NewAccount(form: FormState, submit: &'static str) -> impl IntoView {
    view! {
        <ErrorSummary form=form labels=&[("email", "Email"), ("display_name", "Display name"), ("password", "Password")]/>
        <Field form=form name="email" label="Email" kind="email" autocomplete="username" value=form.typed("email")/>
        <Field form=form name="display_name" label="Display name" autocomplete="name" value=form.typed("display_name")
            hint="The name that others see."/>
        <NewPassword form=form name="password" label="Password"/>
        <Submit form=form label=submit busy="Creating account…"/>
    }
}
