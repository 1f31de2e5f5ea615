//! Buttons that do something at once, and the parts of lists.

use leptos::{either::Either, prelude::*};

use super::form::{Form, FormState, Problem, Submit};
use crate::{
    app::data::Fields,
    model::local_path::{query, query_value},
};

/// A button that sends a form without visible fields. What goes wrong is said beside it.
#[component]
pub fn Action(
    form: FormState,
    #[prop(optional)] fields: Fields,
    label: &'static str,
    #[prop(default = "")] class: &'static str,
) -> impl IntoView {
    let hidden =
        fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    view! {
        <div class="action">
            <Form form=form>
                {hidden.collect_view()}
                <Submit form=form label=label class=class/>
            </Form>
            <Problem form=form/>
        </div>
    }
}

/// Leads from page to page of a list. It is a link, so it works without JavaScript, and "back" goes back.
#[component]
pub fn NextPage(
    path: &'static str,
    /// What the list is filtered by.
    fields: Fields,
    cursor: Option<String>,
) -> impl IntoView {
    let filter = query(fields.iter().filter(|(name, _)| *name != "cursor"));
    let first = if filter.is_empty() { path.to_owned() } else { format!("{path}?{filter}") };
    let begun = fields.iter().any(|(name, _)| *name == "cursor");
    let next = cursor.map(|cursor| {
        let join = if first.contains('?') { '&' } else { '?' };
        format!("{first}{join}cursor={}", query_value(&cursor))
    });
    if !begun && next.is_none() {
        return Either::Left(());
    }
    Either::Right(view! {
        <nav class="pages" aria-label="Pages">
            {begun.then(|| view! { <a href=first>"First page"</a> })}
            {next.map(|next| view! { <a href=next>"Next page"</a> })}
        </nav>
    })
}

/// A column's heading.
pub fn columns(names: &'static [&'static str]) -> impl IntoView {
    let cells = names.iter().map(|name| view! { <th scope="col">{*name}</th> });
    view! { <thead><tr>{cells.collect_view()}</tr></thead> }
}
