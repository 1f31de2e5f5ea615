//! The card on which an administrator ends what people sign in with: a client, or a provider.

use leptos::prelude::*;

use super::{action::ActionButton, confirm::Consequence, form::FormState, reactive::reactive};
use crate::app::resource::Fields;

/// What the card says, of this kind of thing.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub hint: &'static str,
    pub disable: &'static str,
    pub enable: &'static str,
    pub remove: &'static str,
}

/// The forms that it sends.
#[derive(Clone, Copy, Debug)]
pub struct EndingForms {
    pub disable: FormState,
    pub enable: FormState,
    pub remove: FormState,
}

/// Disabling, enabling again, and removing.
#[component]
pub fn Ending(
    words: Words,
    forms: EndingForms,
    /// Names what is ended.
    fields: Fields,
    enabled: Memo<bool>,
    /// What disabling does.
    disables: Option<Consequence>,
    /// What removing does.
    removes: Option<Consequence>,
) -> impl IntoView {
    let removed = fields.clone();
    let toggle = move || {
        let fields = fields.clone();
        if enabled.get() {
            view! { <ActionButton form=forms.disable fields=fields label=words.disable confirm=disables.clone()/> }
        } else {
            view! { <ActionButton form=forms.enable fields=fields label=words.enable/> }
        }
    };
    view! {
        <section class="card danger">
            <h2>"Ending it"</h2>
            <p>{words.hint}</p>
            <div class="row">
                {reactive(toggle)}
                <ActionButton form=forms.remove fields=removed label=words.remove class="danger" confirm=removes/>
            </div>
        </section>
    }
}
