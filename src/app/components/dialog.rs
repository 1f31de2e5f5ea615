//! The dialog that asks to prove again who one is, with what the account has, and then lets go on what was being done.

use leptos::{html, prelude::*, task::spawn_local};
use server_fn::ServerFn;

use leptos_router::hooks::use_location;

use super::{
    confirm::hidden_fields,
    fields::{CodeField, Field},
    form::{ErrorSummary, Form, FormError, FormState, Submit},
    passkey::{PasskeyButton, reauthentication},
    reactive::{effect, on, reactive},
    username::Username,
};
use crate::{
    api::{account::ListProofs, auth::Reauthenticate},
    app::{
        session::SessionContext,
        split::{Loading, split_off},
    },
    client::{
        authorized,
        http::{Request, Response},
        step_up,
    },
    model::{
        passkey::PasskeyPurpose, proofs::Proofs, session::TokenResponse, upstream::linked::ProviderButton,
    },
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

/// Opens once it is known what the account has.
#[component]
fn Dialog() -> impl IntoView {
    let proofs = RwSignal::new(None::<Proofs>);
    // Not by a resource, as elsewhere: the dialog stands in every page, and what belongs to resources does not.
    spawn_local(async move {
        let answer = authorized::send(Request::new(ListProofs::PATH, String::new())).await;
        match answer.map(|answer| answer.and_then(Response::decode::<Proofs>)) {
            Some(Ok(known)) => {
                let _ = proofs.try_set(Some(known));
            }
            // As where the dialog can't be loaded.
            Some(Err(_)) => step_up::cancel(),
            // Whoever was asked has left.
            None => {}
        }
    });
    reactive(move || proofs.get().map(|proofs| view! { <Open proofs=proofs/> }))
}

#[component]
fn Open(proofs: Proofs) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    // Closed before it goes, so that the browser gives the focus back to what had it.
    let close = move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    };
    let confirmed = move |_: TokenResponse| {
        step_up::confirm();
        close();
    };
    let (form, passkey) = (FormState::of::<Reauthenticate>(), reauthentication());
    form.on_success(confirmed);
    passkey.on_success(confirmed);
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // Refused only if it is open already.
            let _ = dialog.show_modal();
        }
    });
    let (title, text) = asks_for(&proofs);
    let Proofs { email, password, code, passkey: has_passkey, providers } = proofs;
    view! {
        <dialog node_ref=dialog aria-labelledby="reauthentication" on:close=on(|_| step_up::cancel())>
            <h2 id="reauthentication">{title}</h2>
            <p>{text}</p>
            {password.then(|| view! { <Password form=form email=email.to_string() with_code=code/> })}
            {has_passkey.then(|| view! {
                <PasskeyButton form=passkey purpose=PasskeyPurpose::Reauthentication label="Use a passkey"/>
                <FormError form=passkey/>
            })}
            {providers.into_iter().map(|provider| view! { <Provider provider=provider/> }).collect_view()}
            <button type="button" on:click=on(move |_| close())>"Cancel"</button>
        </dialog>
    }
}

fn asks_for(Proofs { password, passkey, providers, .. }: &Proofs) -> (&'static str, &'static str) {
    match (*password, *passkey || !providers.is_empty()) {
        (true, _) => {
            ("Confirm your password to continue", "You last entered your password over 15 minutes ago.")
        }
        (false, true) => ("Confirm that it is you to continue", "You last did so over 15 minutes ago."),
        (false, false) => (
            "Sign in again to continue",
            "You signed in over 15 minutes ago. Sign out, sign in again, and then do this once more.",
        ),
    }
}

#[component]
fn Password(form: FormState, email: String, with_code: bool) -> impl IntoView {
    // Asked for, too, once the server says so: the account may have got a second step meanwhile.
    let with_code = RwSignal::new(with_code);
    effect(move || {
        if form.error.read().as_ref().is_some_and(|error| error.fields.contains_key("code")) {
            with_code.set(true);
        }
    });
    view! {
        <ErrorSummary form=form labels=&[("password", "Password"), ("code", "Code")]/>
        <Form form=form>
            <Username email=email/>
            <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
            {reactive(move || with_code.get().then(|| view! { <CodeField form=form/> }))}
            <Submit form=form label="Continue" busy="Checking…"/>
        </Form>
    }
}

/// Leads to the provider and back to this page, where what was wanted is done once more. The form is the browser's own.
#[component]
fn Provider(provider: ProviderButton) -> impl IntoView {
    let ProviderButton { slug, name, .. } = provider;
    let back = use_location().pathname.get_untracked();
    view! {
        <form method="post" action=format!("/auth/upstream/{slug}")>
            {hidden_fields(vec![("again", "true".to_owned()), ("next", back)])}
            <button type="submit">{format!("Sign in with {name} again")}</button>
            <p class="hint">"You come back to this page. Then do this once more."</p>
        </form>
    }
}
