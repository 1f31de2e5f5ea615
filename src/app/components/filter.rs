//! Forms that ask for another part of a list.

use std::sync::atomic::{AtomicBool, Ordering};

use leptos::{html, prelude::*};

use super::reactive::{effect, text};
use crate::app::resource::Fields;

/// A form that asks for another part of a list: a GET, so it works without JavaScript. When the address changes within
/// the app, its fields show what the address says: they have it as their defaults.
#[component]
pub fn FilterForm(
    path: &'static str,
    role: Option<&'static str>,
    filter: Memo<Fields>,
    children: Children,
) -> impl IntoView {
    let (form, shown) = (NodeRef::<html::Form>::new(), AtomicBool::new(false));
    effect(move || {
        filter.track();
        // Not the first time: what was typed before hydration stays.
        if shown.swap(true, Ordering::Relaxed)
            && let Some(form) = form.get_untracked()
        {
            form.reset();
        }
    });
    view! { <form method="get" action=path class="filter" role=role node_ref=form>{children()}</form> }
}

/// The default of a field of a filter: what the address says.
pub fn given(filter: Memo<Fields>, name: &'static str) -> impl Fn() -> String + Copy + Send + 'static {
    move || {
        let fields = filter.read();
        fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// A search by one text.
#[component]
pub fn Search(path: &'static str, label: &'static str, filter: Memo<Fields>) -> impl IntoView {
    view! {
        <FilterForm path=path role=Some("search") filter=filter>
            <div class="field">
                <label for="query">{label}</label>
                <input id="query" name="query" type="search" value=text(given(filter, "query")) autocomplete="off"/>
            </div>
            <button type="submit">"Search"</button>
        </FilterForm>
    }
}
