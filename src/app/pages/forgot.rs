//! Asking for a link to set a new password.

use leptos::{either::Either, prelude::*};

use super::login::with_next;
use crate::{
    api::auth::RequestReset,
    app::{
        components::{
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
        },
        page_data::PageData,
        query::{next_page, parameter},
    },
};

/// It says the same for every address.
const SENT: &str = "If there is an account with this address, a mail with a link is on its way. The link works once, within 30 minutes.";

#[component]
pub fn Forgot() -> impl IntoView {
    if expect_context::<PageData>().mail {
        Either::Left(view! { <AskForLink/> })
    } else {
        Either::Right(view! {
            <section class="card">
                <PageTitle title="Forgot your password?"/>
                <p>"Ask an administrator for a link to set a new password."</p>
                <p class="aside"><a href=with_next("/login", &next_page())>"Sign in"</a></p>
            </section>
        })
    }
}

#[component]
fn AskForLink() -> impl IntoView {
    let form = FormState::of::<RequestReset>();
    // Without JavaScript the page is loaded anew.
    let sent = parameter("sent").is_some();
    let next = next_page();
    let login = with_next("/login", &next);
    view! {
        <section class="card">
            <PageTitle title="Forgot your password?" form=form/>
            <p>"Enter the email address of your account. You get a mail with a link to set a new password."</p>
            {sent.then(|| view! { <p role="status" class="done">{SENT}</p> })}
            <ErrorSummary form=form labels=&[("email", "Email")]/>
            <SuccessMessage form=form text=SENT/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field form=form name="email" label="Email" kind="email" autocomplete="username" value=form.typed("email")/>
                <Submit form=form label="Send the link" busy="Sending…"/>
            </Form>
            <p class="aside"><a href=login>"Sign in"</a></p>
        </section>
    }
}
