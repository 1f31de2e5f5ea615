//! Asking for a link to sign in.

use leptos::{either::Either, prelude::*};

use super::login::with_next;
use crate::{
    api::auth::RequestSignInLink,
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
const SENT: &str = "If there is an account with this address, a mail is on its way. Open the link in it in this browser, within 10 minutes.";

#[component]
pub fn MailedLink() -> impl IntoView {
    if expect_context::<PageData>().sign_in_links {
        Either::Left(view! { <AskForLink/> })
    } else {
        Either::Right(view! {
            <section class="card">
                <PageTitle title="Sign in by mail"/>
                <p>"This portal mails no links to sign in."</p>
                <p class="aside"><a href=with_next("/login", &next_page())>"Sign in"</a></p>
            </section>
        })
    }
}

#[component]
fn AskForLink() -> impl IntoView {
    let form = FormState::of::<RequestSignInLink>();
    let next = next_page();
    let login = with_next("/login", &next);
    // Without JavaScript the page is loaded anew.
    let sent = parameter("sent").is_some();
    view! {
        <section class="card">
            <PageTitle title="Sign in by mail" form=form/>
            <p>"Enter the email address of your account. You get a mail with a link that signs you in."</p>
            {sent.then(|| view! { <p role="status" class="done">{SENT}</p> })}
            <ErrorSummary form=form labels=&[("email", "Email")]/>
            <SuccessMessage form=form text=SENT/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field form=form name="email" label="Email" kind="email" autocomplete="username" value=form.typed("email")/>
                <Submit form=form label="Email me a link" busy="Sending…"/>
            </Form>
            <p class="aside"><a href=login>"Sign in another way"</a></p>
        </section>
    }
}
