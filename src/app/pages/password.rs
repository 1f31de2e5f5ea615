//! Changing one's password.

use leptos::prelude::*;

use super::account::AccountNav;
use crate::{
    api::account::ChangePassword,
    app::{
        components::form::{
            Done, ErrorSummary, Field, Form, FormState, NeedsJavaScript, NewPassword, PageTitle, Submit,
        },
        session::SessionContext,
    },
    model::session::Session,
};

#[component]
pub fn Password() -> impl IntoView {
    let form = FormState::of::<ChangePassword>();
    let session = SessionContext::get();
    form.on_success(move |renewed: Session| session.hold(&renewed));
    view! {
        <PageTitle title="Change your password" form=form/>
        <AccountNav/>
        <NeedsJavaScript/>
        <section class="card">
            <ErrorSummary form=form labels=&[("current_password", "Current password"), ("new_password", "New password")]/>
            <Done form=form text="Your password is changed. All your other sessions were ended."/>
            <Form form=form>
                <Field form=form name="current_password" label="Current password" kind="password" autocomplete="current-password"/>
                <NewPassword form=form name="new_password" label="New password"/>
                <Submit form=form label="Change password" busy="Changing…"/>
            </Form>
        </section>
    }
}
