//! Forms that work without JavaScript and are better with it: labels, errors beside their fields and in a summary
//! that takes the focus, a button that shows that something is under way.
//!
//! A form posts to its server function either way. In the browser [`ActionForm`](leptos::form::ActionForm) would do
//! that too; this one is not generic in the function, which saves several kilobytes of WASM for each form.

use std::collections::BTreeMap;

use bytes::Bytes;
use leptos::{either::Either, ev::SubmitEvent, html, prelude::*, task::spawn_local};
use leptos_meta::Title;
use serde::de::DeserializeOwned;
use server_fn::ServerFn;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

use super::live::live;
use crate::{
    api::error::ApiError,
    app::{
        document::LeftBehind,
        query::parameter,
        session::client::{AuthRequest, AuthResponse, decode},
    },
    model::{password::hint, role::Roles},
};

/// A form and what has become of it.
#[derive(Clone, Copy, Debug)]
pub struct FormState {
    path: &'static str,
    pub error: RwSignal<Option<ApiError>>,
    pub pending: RwSignal<bool>,
    /// Whether it was sent and has done what it is for.
    done: RwSignal<bool>,
    typed: StoredValue<BTreeMap<String, String>>,
    then: StoredValue<Option<Callback<Bytes>>>,
}

impl FormState {
    /// A form of this server function, with the error of an attempt without JavaScript.
    pub fn of<F: ServerFn>() -> Self {
        Self::at(F::PATH)
    }

    fn at(path: &'static str) -> Self {
        let (error, typed) = LeftBehind::take(path).map(|failure| (failure.error, failure.typed)).unzip();
        Self {
            path,
            error: RwSignal::new(error),
            typed: StoredValue::new(typed.unwrap_or_default()),
            pending: RwSignal::new(false),
            done: RwSignal::new(false),
            then: StoredValue::new(None),
        }
    }

    /// What was typed into a field before the page was loaded again.
    pub fn typed(self, field: &str) -> String {
        self.typed.read_value().get(field).cloned().unwrap_or_default()
    }

    /// Runs `then` in the browser with what the function has answered.
    pub fn on_success<T: DeserializeOwned>(self, then: impl Fn(T) + Send + Sync + 'static) {
        let run = move |body| match decode(body) {
            Ok(answer) => then(answer),
            Err(error) => self.error.set(Some(error)),
        };
        self.then.set_value(Some(Callback::new(run)));
    }

    fn send(self, event: &SubmitEvent) {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let fields = form.and_then(|form| FormData::new_with_form(&form).ok());
        // Sent by the browser itself if it cannot be read: nothing is lost.
        let Some(fields) =
            fields.and_then(|fields| UrlSearchParams::new_with_str_sequence_sequence(&fields).ok())
        else {
            return;
        };
        event.prevent_default();
        if self.pending.get_untracked() {
            return;
        }
        self.pending.set(true);
        let body = String::from(fields.to_string());
        spawn_local(async move {
            let outcome = AuthRequest::new(self.path, body).send().await.and_then(AuthResponse::into_result);
            // The form may have gone while the answer was on its way.
            if self.pending.try_set(false).is_some() {
                return;
            }
            self.done.set(outcome.is_ok());
            match outcome {
                Ok(body) => {
                    self.error.set(None);
                    if let Some(then) = self.then.get_value() {
                        then.run(body);
                    }
                }
                Err(error) => self.error.set(Some(error)),
            }
        });
    }
}

/// A form that posts to its server function.
#[component]
pub fn Form(
    form: FormState,
    #[prop(optional)] node_ref: NodeRef<html::Form>,
    children: Children,
) -> impl IntoView {
    view! {
        <form action=form.path method="post" on:submit=move |event| form.send(&event) node_ref=node_ref>
            {children()}
        </form>
    }
}

/// The title of a page, as heading and as the document's title. A title with an error says so first: that is what a
/// screen reader reads first after a form was sent without JavaScript.
#[component]
pub fn PageTitle(title: &'static str, #[prop(optional)] form: Option<FormState>) -> impl IntoView {
    let failed = move || form.is_some_and(|form| form.error.read().is_some());
    let text = move || if failed() { format!("Error: {title}") } else { title.to_owned() };
    view! {
        <Title text=text/>
        <h1>{title}</h1>
    }
}

/// Says of a page whose buttons are of no use without JavaScript that it is so.
#[component]
pub fn NeedsJavaScript() -> impl IntoView {
    view! { <noscript><p class="hint">"Changing anything here needs JavaScript."</p></noscript> }
}

/// What is wrong with the whole form, and links to the fields that need attention.
#[component]
pub fn ErrorSummary(form: FormState, labels: &'static [(&'static str, &'static str)]) -> impl IntoView {
    let summary = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if form.error.read().is_some()
            && let Some(summary) = summary.get()
        {
            // Refused only for an element that is gone.
            let _ = summary.focus();
        }
    });
    let item = move |(field, problem): (&String, &String)| {
        let label = labels
            .iter()
            .find(|(name, _)| name == field)
            .map_or(field.clone(), |(_, label)| (*label).to_owned());
        view! { <li><a href=format!("#{field}") rel="external">{label}</a>": "{problem.clone()}</li> }
    };
    live(move || {
        form.error.get().map(|error| {
            view! {
                <div class="summary" role="alert" tabindex="-1" node_ref=summary>
                    <p>{error.message}</p>
                    <ul>{error.fields.iter().map(item).collect_view()}</ul>
                </div>
            }
        })
    })
}

/// Says that a form has done what it is for.
#[component]
pub fn Done(form: FormState, text: &'static str) -> impl IntoView {
    view! { <p role="status" class="done">{live(move || form.done.get().then_some(text))}</p> }
}

/// What is wrong, beside a form that is too small for a summary.
#[component]
pub fn Problem(form: FormState) -> impl IntoView {
    let text = move || form.error.read().as_ref().map(|error| error.sentence().to_owned());
    view! { <p role="alert" class="problem">{live(text)}</p> }
}

/// One labelled field of text.
#[component]
pub fn Field(
    form: FormState,
    name: &'static str,
    label: &'static str,
    /// `text`, `email` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What browsers and password managers know it as (HTML §4.10.18.7).
    autocomplete: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(optional, into)] value: String,
    /// For a text of several lines: the most characters that it may have.
    #[prop(optional)]
    text_up_to: Option<usize>,
) -> impl IntoView {
    let problem = move || form.error.read().as_ref().and_then(|error| error.fields.get(name).cloned());
    let id = move |part: &str| format!("{name}-{part}");
    let invalid = move || problem().map(|_| "true");
    let described = move || match (hint.is_empty(), problem().is_none()) {
        (true, true) => None,
        (true, false) => Some(id("error")),
        (false, true) => Some(id("hint")),
        (false, false) => Some(format!("{} {}", id("hint"), id("error"))),
    };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=id("hint")>{hint}</p> })}
            {live(move || problem().map(|problem| view! { <p class="problem" id=id("error")>{problem}</p> }))}
            {match text_up_to {
                None => Either::Left(view! {
                    <input id=name name=name type=kind autocomplete=autocomplete value=value required
                        aria-describedby=described aria-invalid=invalid/>
                }),
                Some(most) => Either::Right(view! {
                    <textarea id=name name=name rows="8" autocomplete=autocomplete maxlength=most.to_string() required
                        aria-describedby=described aria-invalid=invalid>{value}</textarea>
                }),
            }}
        </div>
    }
}

/// The button that sends a form. While the answer is awaited it says so, and the form takes no second press. It is not
/// `disabled` then: that would take the focus from whoever uses the keyboard.
#[component]
pub fn Submit(
    form: FormState,
    label: &'static str,
    /// What it says meanwhile, if that is something else.
    #[prop(optional)]
    busy: Option<&'static str>,
    #[prop(default = "primary")] class: &'static str,
) -> impl IntoView {
    let pending = move || form.pending.get();
    view! {
        <button type="submit" class=class aria-disabled=move || pending().then_some("true")>
            {live(move || busy.filter(|_| pending()).unwrap_or(label))}
        </button>
    }
}

/// The field for a password that is being chosen, with a hint while it is typed.
#[component]
pub fn NewPassword(form: FormState, name: &'static str, label: &'static str) -> impl IntoView {
    let strength = RwSignal::new("");
    view! {
        <div on:input=move |event| strength.set(hint(&event_target_value(&event)))>
            <Field form=form name=name label=label kind="password" autocomplete="new-password"
                hint="At least 8 characters. A few words that you can remember are best."/>
            <p class="hint strength" role="status">{live(move || strength.get())}</p>
        </div>
    }
}

/// A choice of roles.
#[component]
pub fn RolesSelect(held: Roles) -> impl IntoView {
    let choices = ["member", "member editor", "member admin", "member editor admin"];
    let held = held.to_string();
    let option = |roles: &'static str| view! { <option value=roles selected=held == roles>{roles.replace(' ', ", ")}</option> };
    view! {
        <div class="field">
            <label for="roles">"Roles"</label>
            <select id="roles" name="roles">{choices.map(option).collect_view()}</select>
        </div>
    }
}

/// A search: a GET, so it works without JavaScript.
#[component]
pub fn Search(path: &'static str, label: &'static str) -> impl IntoView {
    view! {
        <form method="get" action=path class="filter" role="search">
            <div class="field">
                <label for="query">{label}</label>
                <input id="query" name="query" type="search" value=parameter("query").unwrap_or_default() autocomplete="off"/>
            </div>
            <button type="submit">"Search"</button>
        </form>
    }
}
