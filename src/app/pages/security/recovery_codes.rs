//! Recovery codes: how many are left, and new ones.

use leptos::{html, prelude::*};

use super::Overview;
use crate::{
    api::account::CreateRecoveryCodes,
    app::components::{
        action::ActionButton,
        confirm::consequence,
        form::FormState,
        reactive::{effect, reactive, whether},
    },
    model::{second_factor::RecoveryCodes as Made, security::SecurityOverview},
};

#[component]
pub fn RecoveryCodes(overview: Overview, codes: RwSignal<Vec<String>>) -> impl IntoView {
    let create = FormState::of::<CreateRecoveryCodes>();
    create.on_success(move |made: Made| {
        let _ = codes.try_set(made.recovery_codes);
        overview.refetch();
    });
    let has_factor = whether(move || overview.read(SecurityOverview::has_second_step).unwrap_or_default());
    let left = move || overview.read(|overview| overview.recovery_codes).unwrap_or_default();
    let says = || "The codes that you have now will work no more.".to_owned();
    view! {
        <section class="card wide method" aria-labelledby="recovery-codes">
            <div>
                <h2 id="recovery-codes">"Recovery codes"</h2>
                <p>"Each lets you sign in once when you don't have your phone. "{reactive(move || {
                    if has_factor.get() {
                        format!("Codes left: {}.", left())
                    } else {
                        "You get them when you set up an authenticator app, or have your passkey asked for after the password.".to_owned()
                    }
                })}</p>
            </div>
            {reactive(move || {
                has_factor.get().then(|| view! { <ActionButton form=create label="Create new recovery codes" confirm=consequence(says)/> })
            })}
            {reactive(move || Some(codes.get()).filter(|codes| !codes.is_empty()).map(|codes| view! { <NewCodes codes=codes/> }))}
        </section>
    }
}

/// Codes that were just made. They are shown once.
#[component]
fn NewCodes(codes: Vec<String>) -> impl IntoView {
    let heading = NodeRef::<html::H3>::new();
    effect(move || {
        if let Some(heading) = heading.get() {
            // Refused only for an element that is gone.
            let _ = heading.focus();
        }
    });
    view! {
        <div class="made">
            <h3 tabindex="-1" node_ref=heading>"Keep these recovery codes"</h3>
            <p>"Print them or write them down, and keep them apart from your phone. Each works once. They are not shown again."</p>
            <ul class="codes">{codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}</ul>
        </div>
    }
}
