//! The dialog that asks before something is done that cannot be taken back.

use std::sync::Arc;

use leptos::{ev::MouseEvent, html, prelude::*};

use super::{
    form::{Form, FormState, Submit},
    press::{is_second_click, press_once},
    reactive::{effect, on},
};
use crate::app::resource::Fields;

/// Says what will happen, when it is asked.
pub type Consequence = Arc<dyn Fn() -> String + Send + Sync>;

pub fn consequence(says: impl Fn() -> String + Send + Sync + 'static) -> Option<Consequence> {
    Some(Arc::new(says))
}

/// Asks, with the focus on the answer that changes nothing. The form is sent when it is meant.
#[component]
pub fn Confirm(
    form: FormState,
    fields: Fields,
    label: &'static str,
    says: Consequence,
    asked: RwSignal<bool>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // Refused only if it is open already.
            let _ = dialog.show_modal();
        }
    });
    // Closed before it goes, so that the browser gives the focus back to what had it.
    let close = move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    };
    let closed = move || {
        // The item may have gone, and the question with it.
        let _ = asked.try_set(false);
    };
    let ignore_second_click = move |event: MouseEvent| {
        if is_second_click(&event) {
            event.prevent_default();
        }
    };
    view! {
        <dialog node_ref=dialog role="alertdialog" aria-labelledby="question" aria-describedby="consequence"
            on:close=on(move |_| closed()) on:keydown=on(|event| press_once(&event)) on:click=on(ignore_second_click)>
            <h2 id="question">{label}"?"</h2>
            <p id="consequence">{says()}</p>
            <div class="row">
                <button type="button" on:click=on(move |_| close())>"Cancel"</button>
                <div on:submit=on(move |_| close())>
                    <Form form=form>
                        {hidden_fields(fields)}
                        <Submit form=form label=label class="danger"/>
                    </Form>
                </div>
            </div>
        </dialog>
    }
}

pub fn hidden_fields(fields: Fields) -> impl IntoView {
    let field = |(name, value)| view! { <input type="hidden" name=name value=value/> };
    fields.into_iter().map(field).collect_view()
}
