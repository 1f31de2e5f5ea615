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
            username::Username,
        },
        page_data::PageData,
    },
    model::local_path::LocalPath,
};

#[component]
pub fn Invitation() -> impl IntoView {
    match expect_context::<PageData>().link {
        Some(link) => Either::Left(view! { <Accept email=link.account.to_string()/> }),
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
    view! {
        <section class="card">
            <PageTitle title="Your invitation" form=form/>
            <SignedInAs then="If you accept this invitation, that account is signed out in this browser."/>
            <p>"Welcome. Choose a password for "<strong>{email.clone()}</strong>"."</p>
            <NameAndPassword form=form email=email submit="Sign in" busy="Signing in…"/>
            <ProviderButtons fields=vec![("invitation", "opened".to_owned())]/>
        </section>
    }
}

/// The form on which somebody chooses what they go by and sign in with, for an address that is known.
#[component]
pub fn NameAndPassword(
    form: FormState,
    email: String,
    /// Where a form without JavaScript goes then, if that may be said.
    #[prop(optional)]
    next: Option<String>,
    submit: &'static str,
    busy: &'static str,
) -> impl IntoView {
    view! {
        <ErrorSummary form=form labels=&[("display_name", "Display name"), ("password", "Password")]/>
        <Form form=form>
            {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
            <Username email=email/>
            <Field form=form name="display_name" label="Display name" autocomplete="name" value=form.typed("display_name")/>
            <NewPassword form=form name="password" label="Password"/>
            <Submit form=form label=submit busy=busy/>
        </Form>
    }
}
