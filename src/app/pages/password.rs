//! Changing one's password.

use leptos::prelude::*;

use crate::{
    api::account::ChangePassword,
    app::components::{
        fields::{Field, NewPassword},
        form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
        loading::LoadingHint,
        username::OwnUsername,
    },
    model::session::TokenResponse,
};

#[component]
pub fn Password() -> impl IntoView {
    let form = FormState::of::<ChangePassword>();
    form.on_success(|_: TokenResponse| {});
    view! {
        <PageTitle title="Change your password" form=form/>
        <LoadingHint/>
        <section class="card">
            <ErrorSummary form=form labels=&[("current_password", "Current password"), ("new_password", "New password")]/>
            <SuccessMessage form=form text="Your password has been changed. All your other sessions have ended."/>
            <Form form=form clears=&["current_password", "new_password"]>
                <OwnUsername/>
                <Field form=form name="current_password" label="Current password" kind="password" autocomplete="current-password"/>
                <NewPassword form=form name="new_password" label="New password"/>
                <Submit form=form label="Change password" busy="Changing…"/>
            </Form>
        </section>
    }
}
