//! The dialog that asks for the password again, and then lets go on what was being done.

use leptos::{html, prelude::*};

use super::{
    form::{ErrorSummary, Field, Form, FormState, Submit},
    live::live,
};
use crate::{
    api::auth::Reauthenticate,
    app::session::{SessionContext, reauth},
    model::session::Session,
};

/// Stands in the app once, and opens when a request needs it.
#[component]
pub fn ReauthenticationDialog() -> impl IntoView {
    let asking = SessionContext::get().asking;
    live(move || asking.get().then(|| view! { <Dialog/> }))
}

#[component]
fn Dialog() -> impl IntoView {
    let session = SessionContext::get();
    let dialog = NodeRef::<html::Dialog>::new();
    // Closed before it goes, so that the browser gives the focus back to what had it.
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let form = FormState::of::<Reauthenticate>();
    form.on_success(move |renewed: Session| {
        session.hold(&renewed);
        reauth::go_on();
        close();
    });
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Refused only if it is open already.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog node_ref=dialog aria-labelledby="reauthentication" on:close=move |_| reauth::give_up(session)>
            <h2 id="reauthentication">"Enter your password to go on"</h2>
            <p>"This needs a password that was entered within the last 15 minutes."</p>
            <ErrorSummary form=form labels=&[("password", "Password")]/>
            <Form form=form>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <Submit form=form label="Go on" busy="Checking…"/>
            </Form>
            <button type="button" on:click=move |_| close()>"Cancel"</button>
        </dialog>
    }
}
