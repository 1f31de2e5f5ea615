//! Changing one's password.

use leptos::prelude::*;

use super::account::AccountNav;
use crate::{
    api::account::ChangePassword,
    app::{
        components::form::{ErrorSummary, Field, Form, FormState, NewPassword, PageTitle, Submit},
        session::SessionContext,
    },
    model::session::Session,
};

#[component]
pub fn Password() -> impl IntoView {
    let form = FormState::of::<ChangePassword>();
    let session = SessionContext::get();
    let changed = RwSignal::new(false);
    form.on_success(move |renewed: Session| {
        session.hold(&renewed);
        changed.set(true);
    });
    let done = move || changed.get() && form.error.read().is_none();
    view! {
        <PageTitle title="Change your password" form=form/>
        <AccountNav/>
        <section class="card">
            <ErrorSummary form=form labels=&[("current_password", "Current password"), ("new_password", "New password")]/>
            <p role="status" class="done">
                {move || done().then_some("Your password is changed. All your other sessions were ended.")}
            </p>
            <Form form=form>
                <Field form=form name="current_password" label="Current password" kind="password" autocomplete="current-password"/>
                <NewPassword form=form name="new_password" label="New password"/>
                <Submit form=form label="Change password" busy="Changing…"/>
            </Form>
            <noscript><p class="hint">"Changing your password needs JavaScript."</p></noscript>
        </section>
    }
}
