//! Confirming an address, with a link that was mailed to it.

use leptos::{either::EitherOf3, prelude::*};

use crate::{
    api::auth::ConfirmEmail as Confirm,
    app::{
        components::form::{Form, FormError, FormState, PageTitle, Submit},
        page_data::PageData,
        query::parameter,
        session::go_to,
    },
    model::link::LinkSubject,
};

const DONE: &str = "/confirm-email?done=yes";

#[component]
pub fn ConfirmEmail() -> impl IntoView {
    match expect_context::<PageData>().link {
        Some(link) => EitherOf3::A(view! { <AskFirst link=link/> }),
        None if parameter("done").is_some() => EitherOf3::B(view! {
            <section class="card">
                <PageTitle title="Confirm your email address"/>
                <p role="status" class="done">"The address is confirmed. Sign in with it from now on."</p>
                <p class="aside"><a href="/account">"Your account"</a></p>
            </section>
        }),
        None => EitherOf3::C(view! {
            <section class="card">
                <PageTitle title="Confirm your email address"/>
                <p>"This link was used or has expired. Ask for a new one in your account."</p>
                <p class="aside"><a href="/account">"Your account"</a></p>
            </section>
        }),
    }
}

/// Names the account and the address: whoever was sent a link by somebody else sees whose account it is.
#[component]
fn AskFirst(link: LinkSubject) -> impl IntoView {
    let form = FormState::of::<Confirm>();
    // A page load: what is shown of the account has changed.
    form.on_success(|()| go_to(DONE));
    let LinkSubject { account, address, .. } = link;
    let address = address.unwrap_or_else(|| account.clone());
    view! {
        <section class="card">
            <PageTitle title="Confirm your email address" form=form/>
            <p>"The account "<strong>{account.to_string()}</strong>" is to have the address "<strong>{address.to_string()}</strong>". Confirm it only if this account is yours."</p>
            <FormError form=form/>
            <Form form=form>
                <Submit form=form label="Confirm the address" busy="Confirming…"/>
            </Form>
        </section>
    }
}
