//! The dialog that asks for the password again, and then lets go on what was being done.

use leptos::{html, prelude::*};

use super::form::{ErrorSummary, Field, Form, FormState, Submit};
use crate::{
    api::auth::Reauthenticate,
    app::session::{SessionContext, reauth},
    model::session::Session,
};

/// Stands in the app once, and opens when a request needs it.
#[component]
pub fn ReauthenticationDialog() -> impl IntoView {
    let asking = SessionContext::get().asking;
    move || asking.get().then(|| view! { <Dialog/> })
}

#[component]
fn Dialog() -> impl IntoView {
    let session = SessionContext::get();
    let dialog = NodeRef::<html::Dialog>::new();
    let form = FormState::of::<Reauthenticate>();
    form.on_success(move |renewed: Session| {
        session.hold(&renewed);
        reauth::answer(session, true);
    });
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Refused only if it is open already.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog node_ref=dialog aria-labelledby="reauthentication" on:close=move |_| reauth::answer(session, false)>
            <h2 id="reauthentication">"Enter your password to go on"</h2>
            <p>"This needs a password that was entered within the last 15 minutes."</p>
            <ErrorSummary form=form labels=&[("password", "Password")]/>
            <Form form=form>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <Submit form=form label="Go on" busy="Checking…"/>
            </Form>
            <button type="button" on:click=move |_| reauth::answer(session, false)>"Cancel"</button>
        </dialog>
    }
}
