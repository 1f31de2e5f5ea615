//! Forms that work without JavaScript and are better with it: labels, errors beside their fields and in a summary
//! that takes the focus, a button that shows that something is under way.
//!
//! A form posts to its server function either way. In the browser [`ActionForm`](leptos::form::ActionForm) would do
//! that too; this one is not generic in the function, which saves several kilobytes of WASM for each form.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html,
    prelude::*,
    task::spawn_local,
};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use serde::de::DeserializeOwned;
use server_fn::ServerFn;
use wasm_bindgen::JsCast;
use web_sys::{Element, FormData, HtmlFormElement, HtmlInputElement, HtmlTextAreaElement, UrlSearchParams};

use super::{
    countdown::{Countdown, TOO_MANY},
    press::press_once,
    reactive::{effect, flag, on, reactive, word},
};
use crate::{
    app::{
        hydrated::Hydrated,
        page_data::Flashed,
        session::{SessionContext, go_to},
        title::set_title,
    },
    client::{
        authorized,
        http::{Outcome, Request, Response, decode, second_step},
        this_tab,
    },
    model::{
        error::{ApiError, Code},
        local_path::LocalPath,
        session::TokenResponse,
    },
};

/// A form and what has become of it.
#[derive(Clone, Copy, Debug)]
pub struct FormState {
    path: &'static str,
    pub error: RwSignal<Option<ApiError>>,
    pub pending: RwSignal<bool>,
    /// Whether it was sent and has done what it is for.
    pub(super) done: RwSignal<bool>,
    typed: StoredValue<BTreeMap<String, String>>,
    then: StoredValue<Option<Continuation>>,
}

/// What is done with an answer. It belongs to the request and not to the component: it runs although the component
/// may have gone meanwhile. Fails if the answer is not one of the function.
#[derive(Clone)]
struct Continuation(Arc<dyn Fn(Bytes) -> Result<(), ApiError> + Send + Sync>);

impl fmt::Debug for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Continuation")
    }
}

impl FormState {
    /// A form of this server function, with the error of an attempt without JavaScript.
    pub fn of<F: ServerFn>() -> Self {
        Self::at(F::PATH)
    }

    fn at(path: &'static str) -> Self {
        let (error, typed) = Flashed::take(path).map(|failure| (failure.error, failure.typed)).unzip();
        let error = RwSignal::new(error);
        clear_when_reachable(error);
        Self {
            path,
            error,
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

    /// The id of a field. A page may have several forms with a field of the same name.
    pub(super) fn field_id(self, field: &str) -> String {
        format!("{}-{field}", self.path.rsplit('/').next().unwrap_or_default())
    }

    /// Whether the server takes it from a browser without a script. The others need an access token, which only a script
    /// holds.
    pub fn works_without_script(self) -> bool {
        works_without_script(self.path)
    }

    /// Runs `then` in the browser with what the function has answered, whatever has become of the component meanwhile.
    /// It does not run once another person is signed in, or nobody: what was asked for is not about them.
    pub fn on_success<T: DeserializeOwned>(self, then: impl Fn(T) + Send + Sync + 'static) {
        let run = move |body| decode(body).map(&then);
        self.then.set_value(Some(Continuation(Arc::new(run))));
    }

    /// Lets the form start a session in this tab, and goes to `next` then, or to the second step, unless another page has been moved to. A page
    /// that was made for somebody else is loaded anew, because nothing on it is theirs.
    pub fn starts_session(self, next: LocalPath) {
        let (navigate, second) = (use_navigate(), next.second_step());
        let go_on = move |_: TokenResponse| {
            if this_tab::is_leaving() {
                go_to(next.as_str());
            } else if !self.pending.is_disposed() {
                navigate(next.as_str(), NavigateOptions { replace: true, ..NavigateOptions::default() });
            }
        };
        let run = move |body: Bytes| match second_step(&body) {
            // A page load: the server knows who is half signed in.
            Some(_) => {
                go_to(second.as_str());
                Ok(())
            }
            None => decode(body).map(&go_on),
        };
        self.then.set_value(Some(Continuation(Arc::new(run))));
    }

    /// Does something more once the server has done what the form is for.
    pub fn also_on_success(self, also: fn()) {
        let then = self.then.get_value();
        let run = move |body| {
            also();
            then.as_ref().map_or(Ok(()), |Continuation(then)| then(body))
        };
        self.then.set_value(Some(Continuation(Arc::new(run))));
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
        self.post(join_choices(&String::from(fields.to_string())));
    }

    /// Sends these fields, as a form that has them would. Not while an answer is awaited, or once the form has gone.
    pub fn post(self, fields: String) {
        if self.pending.try_get_untracked() != Some(false) {
            return;
        }
        self.pending.set(true);
        let request = Request::new(self.path, fields);
        let then = self.then.get_value();
        spawn_local(async move {
            let outcome = authorized::send(request).await;
            self.finish(outcome, then);
        });
    }

    /// Does what the form was sent for, and shows the outcome if the form is still there.
    fn finish(self, outcome: Outcome, then: Option<Continuation>) {
        if let Some(Err(_)) = outcome {
            // It may have been done: this tab finds out by itself.
            this_tab::tell_change();
        }
        let outcome = outcome.map(|outcome| {
            let body = outcome.and_then(Response::into_result)?;
            then.map_or(Ok(()), |Continuation(then)| then(body))
        });
        let _ = self.pending.try_set(false);
        if let Some(outcome) = outcome {
            let _ = self.done.try_set(outcome.is_ok());
            let _ = self.error.try_set(outcome.err());
        }
    }
}

/// Once the server is back, an error no longer says that it can't be reached. Whether it has done what was asked for is
/// not known: the answer may have been lost.
fn clear_when_reachable(error: RwSignal<Option<ApiError>>) {
    let offline = SessionContext::get().offline;
    effect(move || {
        let is_lost =
            |error: &Option<ApiError>| error.as_ref().is_some_and(|error| error.code == Code::Unreachable);
        if !offline.get() && error.with_untracked(is_lost) {
            error.set(Some(ApiError::new(
                Code::Unavailable,
                "The server can be reached again. Check whether this was done before you try again.",
            )));
        }
    });
}

/// Whether the server function at `path` takes no access token.
pub fn works_without_script(path: &str) -> bool {
    path.starts_with("/api/auth/")
}

/// Checkboxes of one name become one field, with spaces between the values: each field is sent once. They stand one
/// after the other, so only the name before is looked at.
fn join_choices(body: &str) -> String {
    let (mut joined, mut before) = (String::with_capacity(body.len()), "");
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == before {
            joined.push('+');
            joined.push_str(value);
        } else {
            if !joined.is_empty() {
                joined.push('&');
            }
            joined.push_str(pair);
        }
        before = name;
    }
    joined
}

/// A form that posts to its server function.
#[component]
pub fn Form(
    form: FormState,
    /// Fields that are emptied once what stood in them has arrived. What was typed meanwhile stays.
    #[prop(optional)]
    clears: &'static [&'static str],
    children: Children,
) -> impl IntoView {
    let (element, sent) = (NodeRef::<html::Form>::new(), StoredValue::new(Vec::new()));
    let submit = move |event: SubmitEvent| {
        if !form.pending.get_untracked() {
            sent.set_value(clears.iter().map(|name| text_in(element, name)).collect());
        }
        form.send(&event);
    };
    if !clears.is_empty() {
        effect(move || {
            if form.done.get() {
                for (name, sent) in clears.iter().zip(sent.get_value()) {
                    clear(element, name, &sent);
                }
            }
        });
    }
    // In a text of several lines a key that is held down writes.
    let press = move |event: KeyboardEvent| {
        let writes = event.target().is_some_and(|target| target.has_type::<HtmlTextAreaElement>());
        if !writes {
            press_once(&event);
        }
    };
    view! {
        <form action=form.path method="post" on:submit=on(submit) on:keydown=on(press) node_ref=element>
            {children()}
        </form>
    }
}

/// A field of text, of one line or of several.
fn field(form: NodeRef<html::Form>, name: &str) -> Option<Element> {
    form.try_get_untracked().flatten()?.query_selector(&format!("[name={name}]")).ok()?
}

fn text_in(form: NodeRef<html::Form>, name: &str) -> String {
    let Some(field) = field(form, name) else { return String::new() };
    match field.dyn_into::<HtmlInputElement>() {
        Ok(line) => line.value(),
        Err(text) => text.unchecked_into::<HtmlTextAreaElement>().value(),
    }
}

fn clear(form: NodeRef<html::Form>, name: &str, sent: &str) {
    let Some(field) = field(form, name).filter(|_| text_in(form, name) == sent) else { return };
    match field.dyn_into::<HtmlInputElement>() {
        Ok(line) => line.set_value(""),
        Err(text) => text.unchecked_into::<HtmlTextAreaElement>().set_value(""),
    }
}

/// The title of a page, as heading and as the document's title. A title with an error says so first: that is what a
/// screen reader reads first after a form was sent without JavaScript.
#[component]
pub fn PageTitle(title: &'static str, #[prop(optional)] form: Option<FormState>) -> impl IntoView {
    // Counted by reference: the server asks for the title when the page is rendered already, and then another page's
    // signals may be at hand (they live in an arena of their own).
    let error = form.map(|form| ArcRwSignal::from(form.error));
    let failed = move || error.as_ref().is_some_and(|error| error.read().is_some());
    let titled = move || if failed() { format!("Error: {title}") } else { title.to_owned() };
    set_title(titled);
    view! {
        // It takes the focus when what had it is gone.
        <h1 tabindex="-1">{title}</h1>
    }
}

/// What is wrong with the whole form, and links to the fields that need attention.
#[component]
pub fn ErrorSummary(form: FormState, labels: &'static [(&'static str, &'static str)]) -> impl IntoView {
    let summary = NodeRef::<html::Div>::new();
    effect(move || {
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
        let field = format!("#{}", form.field_id(field));
        view! { <li><a href=field rel="external">{label}</a>": "{problem.clone()}</li> }
    };
    reactive(move || {
        form.error.get().map(|error| {
            let wait = error.retry_after.filter(|_| error.code == Code::TooManyAttempts);
            let message = if wait.is_some() { TOO_MANY.to_owned() } else { error.message };
            view! {
                <div class="summary" role="alert" tabindex="-1" node_ref=summary>
                    <p>{message}</p>
                    {wait.map(|seconds| view! { <Countdown seconds=seconds/> })}
                    <ul>{error.fields.iter().map(item).collect_view()}</ul>
                </div>
            }
        })
    })
}

/// Says that a form has done what it is for.
#[component]
pub fn SuccessMessage(form: FormState, text: &'static str) -> impl IntoView {
    view! { <p role="status" class="done">{reactive(move || form.done.get().then_some(text))}</p> }
}

/// What is wrong, beside a form that is too small for a summary.
#[component]
pub fn FormError(form: FormState) -> impl IntoView {
    let problem = move || form.error.read().as_ref().map(|error| error.sentence().to_owned());
    view! { <p role="alert" class="problem">{reactive(problem)}</p> }
}

/// The button that sends a form. While the answer is awaited it says so, and the form takes no second press. It is not
/// `disabled` then: that would take the focus from whoever uses the keyboard. It is `disabled` before hydration if the
/// form needs an access token: sent by the browser itself, the form would be refused and what was typed lost.
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
    let hydrated = Hydrated::current();
    view! {
        <button type="submit" class=class disabled=flag(move || !(form.works_without_script() || hydrated.get()))
            aria-disabled=word("true", pending)
            data-label=busy.map(|_| label) data-busy=busy>
            {reactive(move || busy.filter(|_| pending()).unwrap_or(label))}
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkboxes_of_one_name_are_sent_as_one_field() {
        assert_eq!(
            join_choices("user_id=1&roles=member&roles=editor&roles=admin"),
            "user_id=1&roles=member+editor+admin"
        );
        assert_eq!(join_choices("a=%20b&c="), "a=%20b&c=");
        assert_eq!(join_choices(""), "");
    }
}
