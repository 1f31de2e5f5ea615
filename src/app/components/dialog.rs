//! The dialog that asks for the password again, and then lets go on what was being done.

use leptos::{html, prelude::*, task::spawn_local};
use server_fn::ServerFn;

use super::{
    fields::{CodeField, Field},
    form::{ErrorSummary, Form, FormError, FormState, Submit},
    passkey::{PasskeyButton, reauthentication},
    reactive::{effect, on, reactive, text},
    username::Username,
};
use crate::{
    api::{account::Me, auth::Reauthenticate},
    app::{
        session::SessionContext,
        split::{Loading, split_off},
    },
    client::{
        authorized,
        http::{Request, Response},
        step_up,
    },
    model::{passkey::PasskeyPurpose, profile::Profile, session::TokenResponse},
};

/// Nobody needs it who is not signed in.
pub type Content = fn() -> AnyView;

/// Loads what is in the dialog.
pub const LOAD: fn() -> Loading<Content> = split_off!(dialog: Content = || view! { <Dialog/> }.into_any());

/// Stands in the app once, and opens when a request needs it.
#[component]
pub fn ReauthenticationDialog() -> impl IntoView {
    let wanted = SessionContext::get().step_up;
    let content = RwSignal::new(None::<Content>);
    effect(move || {
        if wanted.get() && content.read_untracked().is_none() {
            spawn_local(async move {
                match LOAD().await {
                    Ok(loaded) => content.set(Some(loaded)),
                    // The request is answered as it was without the dialog: it says what it needs.
                    Err(_) => step_up::cancel(),
                }
            });
        }
    });
    reactive(move || content.get().filter(|_| wanted.get()).map(|content| content()))
}

#[component]
fn Dialog() -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    // Closed before it goes, so that the browser gives the focus back to what had it.
    let close = move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    };
    let form = FormState::of::<Reauthenticate>();
    form.on_success(move |_: TokenResponse| {
        step_up::confirm();
        close();
    });
    // Asked for once the server says that the account has a second step.
    let and_code = RwSignal::new(false);
    effect(move || {
        if form.error.read().as_ref().is_some_and(|error| error.fields.contains_key("code")) {
            and_code.set(true);
        }
    });
    let passkey = reauthentication();
    passkey.on_success(move |_: TokenResponse| {
        step_up::confirm();
        close();
    });
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // Refused only if it is open already.
            let _ = dialog.show_modal();
        }
    });
    // Not by a resource, as elsewhere: the dialog stands in every page, and what belongs to resources does not.
    let email = RwSignal::new(String::new());
    spawn_local(async move {
        let profile = authorized::send(Request::new(Me::PATH, String::new())).await;
        // Without it the password manager does not know whose password it is.
        if let Some(Ok(profile)) = profile.map(|answer| answer.and_then(Response::decode::<Profile>)) {
            let _ = email.try_set(profile.email.to_string());
        }
    });
    view! {
        <dialog node_ref=dialog aria-labelledby="reauthentication" on:close=on(|_| step_up::cancel())>
            <h2 id="reauthentication">"Confirm your password to continue"</h2>
            <p>"You last entered your password over 15 minutes ago."</p>
            <ErrorSummary form=form labels=&[("password", "Password"), ("code", "Code")]/>
            <Form form=form>
                <Username email=text(move || email.get())/>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                {reactive(move || and_code.get().then(|| view! { <CodeField form=form/> }))}
                <Submit form=form label="Continue" busy="Checking…"/>
            </Form>
            <PasskeyButton form=passkey purpose=PasskeyPurpose::Reauthentication label="Use a passkey"/>
            <FormError form=passkey/>
            <button type="button" on:click=on(move |_| close())>"Cancel"</button>
        </dialog>
    }
}
