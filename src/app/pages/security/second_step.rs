//! Whether a passkey is asked for after the password.

use leptos::prelude::*;

use super::Overview;
use crate::{
    api::account::SetSecondStep,
    app::components::{
        action::ActionButton,
        confirm::consequence,
        form::FormState,
        reactive::{reactive, whether},
    },
    model::second_factor::RecoveryCodes,
};

/// Shows once there is a passkey.
#[component]
pub fn SecondStep(overview: Overview, codes: RwSignal<Vec<String>>) -> impl IntoView {
    let form = FormState::of::<SetSecondStep>();
    form.on_success(move |made: RecoveryCodes| {
        let _ = codes.try_set(made.recovery_codes);
        overview.refetch();
    });
    let has_passkeys = whether(move || overview.read(|overview| overview.passkeys).unwrap_or_default());
    let is_on = whether(move || overview.read(|overview| overview.second_step).unwrap_or_default());
    reactive(move || {
        has_passkeys.get().then(|| {
            view! {
                <section class="card wide method" aria-labelledby="second-step">
                    {reactive(move || {
                        if is_on.get() {
                            view! { <On form=form/> }.into_any()
                        } else {
                            view! { <Off form=form/> }.into_any()
                        }
                    })}
                </section>
            }
        })
    })
}

#[component]
fn On(form: FormState) -> impl IntoView {
    let says = || {
        "Unless you have an authenticator app, your password alone will be enough to sign in and your recovery codes will be gone. You will be signed out everywhere else."
            .to_owned()
    };
    view! {
        <div>
            <Heading/>
            <p>"Whoever enters your password is asked for a passkey, too, or for a recovery code."</p>
        </div>
        <ActionButton form=form fields=vec![("required", "false".to_owned())] label="Stop asking for a passkey" confirm=consequence(says)/>
    }
}

#[component]
fn Off(form: FormState) -> impl IntoView {
    view! {
        <div>
            <Heading/>
            <p>"You can have a passkey asked for after your password, so that the password alone is not enough. You will be signed out everywhere else."</p>
        </div>
        <ActionButton form=form fields=vec![("required", "true".to_owned())] label="Ask for a passkey after my password"/>
    }
}

#[component]
fn Heading() -> impl IntoView {
    view! { <h2 id="second-step">"Passkey after the password"</h2> }
}
