//! Signing in, and proving again who one is, with a passkey.

use std::pin::Pin;

use futures::{
    FutureExt,
    future::{Either, select},
};
use leptos::{ev::MouseEvent, prelude::*, task::spawn_local};
use server_fn::{
    ServerFn,
    error::{IntoAppError, ServerFnErrorErr},
};

use super::{
    form::FormState,
    reactive::{effect, flag, on, word},
};
use crate::{
    api::{
        auth::{PasskeyOptions, ReauthenticateWithPasskey},
        passkeys::ListPasskeys,
    },
    app::{
        hydrated::Hydrated,
        split::{Loading, split_off},
    },
    client::{
        http::Request,
        passkeys::{self, Ask},
        timer::sleep,
    },
    model::{error::Code, passkey::PasskeyPurpose},
};

/// Milliseconds after which a suggestion asks for another challenge: a little less than one is good for.
const SUGGESTION: f64 = 280_000.0;

type Done = Pin<Box<dyn Future<Output = ()>>>;

/// What the browser does with passkeys. It is a file of its own, which is loaded once somebody turns to a form that takes
/// one: most visits never do.
#[derive(Clone, Copy)]
struct Ceremonies {
    answer: fn(FormState, PasskeyPurpose, String) -> Done,
    suggest: fn(FormState) -> Done,
    tell: fn() -> Done,
    forget_unknown: fn() -> Done,
}

const LOAD: fn() -> Loading<Ceremonies> = split_off!(ceremonies: Ceremonies = Ceremonies {
    answer: |form, purpose, more| Box::pin(answer(form, purpose, more)),
    suggest: |form| Box::pin(suggest(form)),
    tell: || Box::pin(passkeys::signal_all(Request::new(ListPasskeys::PATH, String::new()))),
    forget_unknown: || Box::pin(async { passkeys::signal_unknown() }),
});

/// Does it, or nothing if it can't be loaded: nobody waits for it.
fn quietly(what: impl FnOnce(Ceremonies) -> Done + 'static) {
    spawn_local(async {
        if let Ok(ceremonies) = LOAD().await {
            what(ceremonies).await;
        }
    });
}

/// A form that proves again who is signed in.
pub fn reauthentication() -> FormState {
    FormState::of::<ReauthenticateWithPasskey>()
}

fn options(purpose: PasskeyPurpose) -> Request {
    Request::new(PasskeyOptions::PATH, format!("purpose={}", purpose.as_str()))
}

/// A button that asks the browser for a passkey and sends what it answers with `form`. It can't be pressed before
/// hydration, and does not show without a script or where the browser knows no passkeys.
#[component]
pub fn PasskeyButton(
    form: FormState,
    purpose: PasskeyPurpose,
    label: &'static str,
    /// Further fields that are sent along, each with `&` before it.
    #[prop(optional)]
    more: String,
) -> impl IntoView {
    let (hydrated, unsupported) = (Hydrated::current(), RwSignal::new(false));
    effect(move || unsupported.set(!passkeys::are_supported()));
    forget_unknown(form);
    let press = move |_: MouseEvent| begin(form, use_passkey(form, purpose, more.clone()));
    view! {
        <button type="button" class="passkey" data-absent=word("true", move || unsupported.get())
            disabled=flag(move || !hydrated.get() || unsupported.get()) aria-disabled=word("true", move || form.pending.get())
            on:click=on(press)>{label}</button>
    }
}

async fn use_passkey(form: FormState, purpose: PasskeyPurpose, more: String) {
    if let Ok(ceremonies) = LOAD().await {
        return (ceremonies.answer)(form, purpose, more).await;
    }
    let _ = form.pending.try_set(false);
    let unreachable = ServerFnErrorErr::Request(String::new());
    let _ = form.error.try_set(Some(unreachable.into_app_error()));
}

async fn answer(form: FormState, purpose: PasskeyPurpose, more: String) {
    if !send(form, Ask::Get, options(purpose), &more).await && purpose == PasskeyPurpose::SignIn {
        suggest(form).await;
    }
}

/// Asks the browser, with options that `request` gets, and sends what it answers with `form`, and `more`. Whether it answered.
pub async fn send(form: FormState, how: Ask, request: Request, more: &str) -> bool {
    let asked = passkeys::ask(how, request).await;
    let _ = form.pending.try_set(false);
    match asked {
        Ok(fields) => {
            form.post(fields + more);
            true
        }
        Err(error) => {
            let _ = form.error.try_set(Some(error));
            false
        }
    }
}

/// Begins what a form waits for, unless it does already.
pub fn begin(form: FormState, ceremony: impl Future<Output = ()> + 'static) {
    if !form.pending.get_untracked() {
        form.pending.set(true);
        spawn_local(ceremony);
    }
}

/// A passkey that the server does not know is no longer offered by the browser.
fn forget_unknown(form: FormState) {
    effect(move || {
        if form.error.read().as_ref().is_some_and(|error| error.code == Code::UnknownPasskey) {
            quietly(|ceremonies| (ceremonies.forget_unknown)());
        }
    });
}

/// Tells the browser's password manager which passkeys there are, and what the account is called.
pub fn tell_browser() {
    if passkeys::are_supported() {
        quietly(|ceremonies| (ceremonies.tell)());
    }
}

/// Offers passkeys among the suggestions of the browser for the address, from when somebody turns to the form until the
/// page is left. What is returned is to be called when they do.
pub fn suggest_passkeys(form: FormState) -> impl Fn() + Clone + 'static {
    on_cleanup(passkeys::abort);
    let begun = StoredValue::new(false);
    move || {
        if !begun.get_value() && passkeys::are_supported() {
            begun.set_value(true);
            quietly(move |ceremonies| (ceremonies.suggest)(form));
        }
    }
}

async fn suggest(form: FormState) {
    while !form.pending.is_disposed() && passkeys::can_be_suggested().await {
        // Whoever has pressed the button meanwhile is not interrupted: a browser has room for one ceremony.
        if form.pending.try_get_untracked().unwrap_or(true) {
            return;
        }
        let asked = passkeys::ask(Ask::Suggest, options(PasskeyPurpose::SignIn));
        match select(Box::pin(asked), sleep(SUGGESTION).boxed_local()).await {
            Either::Left((Ok(fields), _)) => return form.post(fields),
            // Something else was begun, or the browser will not.
            Either::Left((Err(_), _)) => return,
            Either::Right(_) => passkeys::abort(),
        }
    }
}
