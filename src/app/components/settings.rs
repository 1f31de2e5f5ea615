//! Fields of forms that set many things, most of which may be left empty.

use leptos::prelude::*;

use super::{fields::Labelled, form::FormState};

/// A line that may be empty.
#[component]
pub fn OptionalLine(
    form: FormState,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    /// `text`, or `password` for what nobody is to read.
    #[prop(default = "text")]
    kind: &'static str,
) -> impl IntoView {
    let about = Labelled { form, name, label, hint, from: None };
    let line = view! {
        <input id=form.field_id(name) name=name type=kind autocomplete="off" value=value
            aria-describedby=about.described() aria-invalid=about.invalid()/>
    };
    about.around(line.into_any())
}

/// Several lines, of which there may be none.
#[component]
pub fn Lines(
    form: FormState,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    lines: Vec<String>,
) -> impl IntoView {
    let about = Labelled { form, name, label, hint, from: None };
    let text = view! {
        <textarea id=form.field_id(name) name=name rows="3" autocomplete="off" spellcheck="false"
            aria-describedby=about.described() aria-invalid=about.invalid()>{lines.join("\n")}</textarea>
    };
    about.around(text.into_any())
}

/// One of several: each as it is sent, and in words.
#[component]
pub fn Choice(
    form: FormState,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    options: Vec<(&'static str, &'static str)>,
    chosen: &'static str,
) -> impl IntoView {
    let about = Labelled { form, name, label, hint, from: None };
    let option = |(value, words): (&'static str, &'static str)| view! { <option value=value selected=value == chosen>{words}</option> };
    let select = view! {
        <select id=form.field_id(name) name=name aria-describedby=about.described() aria-invalid=about.invalid()>
            {options.into_iter().map(option).collect_view()}
        </select>
    };
    about.around(select.into_any())
}
