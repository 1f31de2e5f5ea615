//! The authenticator app: setting it up, and removing it.

use leptos::{html, prelude::*};

use super::Overview;
use crate::{
    api::account::{TotpBegin, TotpConfirm, TotpRemove},
    app::components::{
        action::ActionButton,
        confirm::consequence,
        fields::CodeField,
        form::{ErrorSummary, Form, FormState, Submit},
        reactive::{effect, reactive, whether},
        time::Time,
    },
    model::second_factor::{QrCode, RecoveryCodes, TotpSetup},
};

#[component]
pub fn Authenticator(overview: Overview, codes: RwSignal<Vec<String>>) -> impl IntoView {
    let (begin, confirm, remove) =
        (FormState::of::<TotpBegin>(), FormState::of::<TotpConfirm>(), FormState::of::<TotpRemove>());
    let setup = RwSignal::new(None);
    begin.on_success(move |made: TotpSetup| {
        let _ = setup.try_set(Some(made));
    });
    confirm.on_success(move |new: RecoveryCodes| {
        let _ = setup.try_set(None);
        let _ = codes.try_set(new.recovery_codes);
        overview.refetch();
    });
    remove.on_success(move |()| {
        let _ = codes.try_set(Vec::new());
        overview.refetch();
    });
    let is_set_up = whether(move || overview.read(|overview| overview.totp.is_some()).unwrap_or_default());
    view! {
        <section class="card wide method" aria-labelledby="authenticator">
            <div>
                <h2 id="authenticator">"Authenticator app"</h2>
                {reactive(move || {
                    if is_set_up.get() {
                        view! { <Since overview=overview/> }.into_any()
                    } else {
                        view! { <p>"An app on your phone shows a code that changes every 30 seconds. You enter it after your password."</p> }.into_any()
                    }
                })}
            </div>
            {reactive(move || {
                if is_set_up.get() {
                    view! { <Remove overview=overview remove=remove/> }.into_any()
                } else {
                    view! { <ActionButton form=begin label="Set up an authenticator app" class="primary"/> }.into_any()
                }
            })}
            {reactive(move || setup.get().map(|setup| view! { <Scan setup=setup form=confirm/> }))}
        </section>
    }
}

#[component]
fn Since(overview: Overview) -> impl IntoView {
    let since = move || overview.read(|overview| overview.totp.clone()).flatten();
    reactive(move || {
        since().map(|app| {
            let off = (!app.usable).then_some(" After 100 wrong codes it is switched off: sign in with a recovery code, remove it, and set it up again.");
            view! { <p>"Set up "<Time at=app.added_at/>"."{off}</p> }
        })
    })
}

#[component]
fn Remove(overview: Overview, remove: FormState) -> impl IntoView {
    let goes_on = move || overview.read(|overview| overview.second_step).unwrap_or_default();
    let says = move || {
        if goes_on() {
            "A passkey is asked for after your password all the same. You will be signed out everywhere else."
        } else {
            "Your password alone will be enough to sign in. Your recovery codes will be gone, and you will be signed out everywhere else."
        }
        .to_owned()
    };
    view! { <ActionButton form=remove label="Remove the authenticator app" confirm=consequence(says)/> }
}

/// What the app is set up with, and the field for its first code.
#[component]
fn Scan(setup: TotpSetup, form: FormState) -> impl IntoView {
    let TotpSetup { secret, otpauth_url, qr_code } = setup;
    let heading = NodeRef::<html::H3>::new();
    effect(move || {
        if let Some(heading) = heading.get() {
            // Refused only for an element that is gone.
            let _ = heading.focus();
        }
    });
    view! {
        <div class="scan">
            <h3 tabindex="-1" node_ref=heading>"Scan this code with your app"</h3>
            <Picture code=qr_code/>
            <div>
                <p><a href=otpauth_url rel="external">"Open your app on this device"</a>", or type this key into it:"</p>
                <p><code class="link">{secret}</code></p>
                <ErrorSummary form=form labels=&[("code", "Code")]/>
                <Form form=form clears=&["code"]>
                    <CodeField form=form hint="The 6 digits that the app shows now."/>
                    <Submit form=form label="Confirm" busy="Checking…"/>
                </Form>
            </div>
        </div>
    }
}

#[component]
fn Picture(code: QrCode) -> impl IntoView {
    let QrCode { size, path } = code;
    view! {
        <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label="QR code for your authenticator app">
            <path d=path/>
        </svg>
    }
}
