//! Accepting an invitation: choosing a name and a password for an account that an administrator has made.

use leptos::{either::Either, prelude::*};

use crate::{
    api::auth::AcceptInvitation,
    app::{
        components::{
            fields::{Field, NewPassword},
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            notice::SignedInAs,
            providers::ProviderButtons,
            reactive::text,
            username::Username,
        },
        page_data::PageData,
        query::parameter,
    },
    model::local_path::LocalPath,
};

#[component]
pub fn Invitation() -> impl IntoView {
    match expect_context::<PageData>().invited {
        Some(email) => Either::Left(view! { <Accept email=email.to_string()/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Your invitation"/>
                <p>"This invitation was used or has expired. Ask an administrator for a new one."</p>
                <p class="aside"><a href="/login">"Sign in"</a></p>
            </section>
        }),
    }
}

#[component]
fn Accept(email: String) -> impl IntoView {
    let form = FormState::of::<AcceptInvitation>();
    form.starts_session(LocalPath::default());
    let token = parameter("token").unwrap_or_default();
    let invitation = token.clone();
    view! {
        <section class="card">
            <PageTitle title="Your invitation" form=form/>
            <SignedInAs then="If you accept this invitation, that account is signed out in this browser."/>
            <p>"Welcome. Choose a password for "<strong>{email.clone()}</strong>"."</p>
            <ErrorSummary form=form labels=&[("display_name", "Display name"), ("password", "Password")]/>
            <Form form=form>
                <input type="hidden" name="token" value=token/>
                <Username email=text(move || email.clone())/>
                <Field form=form name="display_name" label="Display name" autocomplete="name" value=form.typed("display_name")/>
                <NewPassword form=form name="password" label="Password"/>
                <Submit form=form label="Sign in" busy="Signing in…"/>
            </Form>
            <ProviderButtons fields=vec![("invitation", invitation)]/>
        </section>
    }
}
