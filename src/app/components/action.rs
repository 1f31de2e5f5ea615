//! Buttons that do something at once, and the parts of lists.

use leptos::{either::Either, ev::MouseEvent, prelude::*};

use super::{
    confirm::{Confirm, Consequence, hidden_fields},
    form::{Form, FormError, FormState, Submit},
    press::{is_second_click, press_once},
    reactive::{flag, on, reactive, word},
    time::Time,
};
use crate::{
    app::{hydrated::Hydrated, resource::Fields},
    model::{
        query::{encode, encode_value},
        user::PasswordLink,
    },
};

/// A button that sends a form without visible fields, and asks before if that cannot be taken back. What goes wrong is
/// said beside it.
#[component]
pub fn ActionButton(
    form: FormState,
    #[prop(optional)] fields: Fields,
    label: &'static str,
    #[prop(default = "")] class: &'static str,
    /// What will happen, if that is to be confirmed.
    #[prop(default = None)]
    confirm: Option<Consequence>,
) -> impl IntoView {
    let button = match confirm {
        Some(says) => {
            view! { <AskingButton form=form fields=fields label=label class=class says=says/> }.into_any()
        }
        None => view! { <Form form=form>{hidden_fields(fields)}<Submit form=form label=label class=class/></Form> }
            .into_any(),
    };
    view! {
        <div class="action">
            {button}
            <FormError form=form/>
        </div>
    }
}

/// A button that opens the question.
#[component]
fn AskingButton(
    form: FormState,
    fields: Fields,
    label: &'static str,
    class: &'static str,
    says: Consequence,
) -> impl IntoView {
    let (hydrated, asked) = (Hydrated::current(), RwSignal::new(false));
    let ask = move |event: MouseEvent| {
        if !is_second_click(&event) && !form.pending.get_untracked() {
            asked.set(true);
        }
    };
    view! {
        <button type="button" class=class aria-haspopup="dialog" disabled=flag(move || !hydrated.get())
            aria-disabled=word("true", move || form.pending.get())
            on:click=on(ask) on:keydown=on(|event| press_once(&event))>{label}</button>
        {reactive(move || {
            let (fields, says) = (fields.clone(), says.clone());
            asked.get().then(|| view! { <Confirm form=form fields=fields label=label says=says asked=asked/> })
        })}
    }
}

/// Leads from page to page of a list. It is a link, so it works without JavaScript, and "back" goes back.
#[component]
pub fn NextPage(
    #[prop(into)] path: String,
    /// What the list is filtered by.
    fields: Fields,
    cursor: Option<String>,
) -> impl IntoView {
    let filter = encode(fields.iter().filter(|(name, _)| *name != "cursor"));
    let first = if filter.is_empty() { path } else { format!("{path}?{filter}") };
    let begun = fields.iter().any(|(name, _)| *name == "cursor");
    let next = cursor.map(|cursor| {
        let join = if first.contains('?') { '&' } else { '?' };
        format!("{first}{join}cursor={}", encode_value(&cursor))
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

/// Stands where a list would, if there were anything in it.
#[component]
pub fn Empty(
    label: &'static str,
    text: &'static str,
    href: &'static str,
    link: &'static str,
) -> impl IntoView {
    view! {
        <div class="empty" role="region" aria-label=label>
            <p>{text}</p>
            <p><a href=href>{link}</a></p>
        </div>
    }
}

/// A column's heading.
pub fn columns(names: &'static [&'static str]) -> impl IntoView {
    let cells = names.iter().map(|name| view! { <th scope="col">{*name}</th> });
    view! { <thead><tr>{cells.collect_view()}</tr></thead> }
}

/// Shows a link on which the owner of an account chooses a password, once it was made.
#[component]
pub fn PasswordLinkNotice(made: RwSignal<Option<PasswordLink>>) -> impl IntoView {
    reactive(move || {
        made.get().map(|made| {
            view! {
                <div class="reason" role="status">
                    <p>"Send "<strong>{made.user.email.to_string()}</strong>" this link to set a password. It works once, expires "<Time at=made.expires_at/>", and is not shown again:"</p>
                    <p><code class="link">{made.link}</code></p>
                </div>
            }
        })
    })
}
