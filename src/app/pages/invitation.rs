//! Accepting an invitation: choosing a name and a password for an account that an administrator has made.

use leptos::{either::Either, prelude::*};

use crate::{
    api::auth::AcceptInvitation,
    app::{
        components::form::{ErrorSummary, Field, Form, FormState, NewPassword, PageTitle, Submit},
        document::Document,
        query::parameter,
        session::SessionContext,
    },
    model::local_path::LocalPath,
};

#[component]
pub fn Invitation() -> impl IntoView {
    match expect_context::<Document>().invited {
        Some(email) => Either::Left(view! { <Accept email=email.to_string()/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Your invitation"/>
                <p>"This invitation is used up or has expired. Ask an administrator for a new one."</p>
            </section>
        }),
    }
}

#[component]
fn Accept(email: String) -> impl IntoView {
    let form = FormState::of::<AcceptInvitation>();
    SessionContext::get().begin_with(form, LocalPath::default());
    let token = parameter("token").unwrap_or_default();
    view! {
        <section class="card">
            <PageTitle title="Your invitation" form=form/>
            <p>"Welcome. Choose a password for "<strong>{email.clone()}</strong>"."</p>
            <ErrorSummary form=form labels=&[("display_name", "Display name"), ("password", "Password")]/>
            <Form form=form>
                <input type="hidden" name="token" value=token/>
                // For password managers, which remember the password with it.
                <input type="text" value=email autocomplete="username" readonly hidden aria-hidden="true"/>
                <Field form=form name="display_name" label="Display name" autocomplete="name" value=form.typed("display_name")/>
                <NewPassword form=form name="password" label="Password"/>
                <Submit form=form label="Sign in" busy="Signing in…"/>
            </Form>
        </section>
    }
}
