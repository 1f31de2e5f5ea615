//! Signing up.

use leptos::{either::EitherOf3, prelude::*};

use super::login::with_next;
use crate::{
    api::auth::{Register as SignUp, RequestAccount},
    app::{
        components::{
            fields::{Field, NewPassword},
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
        },
        page_data::PageData,
        query::{next_page, parameter},
    },
};

#[component]
pub fn Register() -> impl IntoView {
    let PageData { registration_open, mail, .. } = expect_context();
    match (registration_open, mail) {
        (true, false) => EitherOf3::A(view! { <SignUpForm/> }),
        (true, true) => EitherOf3::B(view! { <AskForLink/> }),
        (false, _) => EitherOf3::C(view! {
            <section class="card">
                <PageTitle title="Create an account"/>
                <p>"Sign-up is closed here. Ask an administrator for an account."</p>
                <p class="aside"><a href="/login">"Sign in"</a></p>
            </section>
        }),
    }
}

/// Where mail is sent, an account is made by a link to its address.
#[component]
fn AskForLink() -> impl IntoView {
    const SENT: &str = "A mail is on its way. Open the link in it to go on.";
    let form = FormState::of::<RequestAccount>();
    // Without JavaScript the page is loaded anew.
    let sent = parameter("sent").is_some();
    let next = next_page();
    let login = with_next("/login", &next);
    view! {
        <section class="card">
            <PageTitle title="Create an account" form=form/>
            {sent.then(|| view! { <p role="status" class="done">{SENT}</p> })}
            <ErrorSummary form=form labels=&[("email", "Email")]/>
            <SuccessMessage form=form text=SENT/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field form=form name="email" label="Email" kind="email" autocomplete="username" value=form.typed("email")
                    hint="You get a mail with a link. On it you choose a name and a password."/>
                <Submit form=form label="Send the link" busy="Sending…"/>
            </Form>
            <p class="aside">"Already have an account? "<a href=login>"Sign in"</a></p>
        </section>
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
