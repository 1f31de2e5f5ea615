//! What pages show: the answer of a server function, rendered on the server and fetched again in the browser.
//!
//! It travels as JSON text and is decoded where it is shown. So there is one resource for all pages, instead of one
//! for each type, which would be most of what the browser loads.

use std::{fmt, pin::Pin, sync::Arc};

use leptos::{prelude::*, reactive::computed::ScopedFuture};
use leptos_router::{hooks::use_location, location::Location};
use serde::{Serialize, de::DeserializeOwned};
use server_fn::ServerFn;

use super::{
    components::reactive::{effect, on},
    session::SessionContext,
};
use crate::{
    client::http::decode,
    model::{access::pattern, error::ApiError, json::JsonText, query::parameter},
};

/// Names and values of a form.
pub type Fields = Vec<(&'static str, String)>;

/// An answer as JSON text.
pub type Answer = Resource<Result<String, ApiError>, JsonText>;

type BoxFuture = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send>>;

/// Asks a server function. `fields` are its arguments; when they change, it is asked again.
pub fn load<F>(fields: impl Fn() -> Fields + Send + Sync + 'static) -> Answer
where
    F: ServerFn<Error = ApiError> + DeserializeOwned,
    F::Output: Serialize,
{
    erase_type(Box::new(fields), call::<F>)
}

fn erase_type(fields: Box<dyn Fn() -> Fields + Send + Sync>, call: fn(Fields) -> BoxFuture) -> Answer {
    Resource::new_with_options(fields, call, false)
}

/// On the server the function runs right here.
#[cfg(feature = "ssr")]
fn call<F>(fields: Fields) -> BoxFuture
where
    F: ServerFn<Error = ApiError> + DeserializeOwned,
    F::Output: Serialize,
{
    use server_fn::Encodes;

    Box::pin(async {
        let internal = || ApiError::internal();
        let arguments = fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let function: F =
            serde_json::from_value(serde_json::Value::Object(arguments)).map_err(|_| internal())?;
        let answer = function.run_body().await?;
        let json = JsonText::encode(&answer).map_err(|_| internal())?;
        String::from_utf8(json.to_vec()).map_err(|_| internal())
    })
}

#[cfg(not(feature = "ssr"))]
fn call<F: ServerFn>(fields: Fields) -> BoxFuture {
    use crate::{
        client::{authorized, http::Request},
        model::query,
    };

    let request = Request::new(F::PATH, query::encode(fields.iter()));
    Box::pin(send_wrapper::SendWrapper::new(async {
        let answer = authorized::ask(request).await?.into_result()?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }))
}

/// Parameters of the page's address as fields, followed as they change. One that is missing or empty is left out.
pub fn from_address(names: &'static [&'static str]) -> Memo<Fields> {
    follow(move |_, search| {
        let given =
            |name: &'static str| Some((name, parameter(search, name).filter(|value| !value.is_empty())?));
        names.iter().copied().filter_map(given).collect()
    })
}

/// The last part of the page's path as a field.
pub fn from_path(name: &'static str) -> Memo<Fields> {
    follow(move |path, _| vec![(name, path.rsplit('/').next().unwrap_or_default().to_owned())])
}

/// Follows path and query of the page's address. The address is the next page's already while this one is still there:
/// then nothing changes any more.
fn follow(read: impl Fn(&str, &str) -> Fields + Send + Sync + 'static) -> Memo<Fields> {
    let Location { pathname, search, .. } = use_location();
    let page = pattern(&pathname.read_untracked());
    Memo::new(move |last: Option<&Fields>| {
        let path = pathname.read();
        match last {
            Some(last) if pattern(&path) != page => last.clone(),
            _ => read(&path, &search.read()),
        }
    })
}

type Render = dyn Fn(&str) -> Result<AnyView, ApiError> + Send + Sync;

/// How an answer is shown.
#[derive(Clone)]
pub struct Renderer(Arc<Render>);

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renderer")
    }
}

/// Shows an answer of this type with this view.
pub fn render<T: DeserializeOwned>(view: impl Fn(T) -> AnyView + Send + Sync + 'static) -> Renderer {
    Renderer(Arc::new(move |json| decode(json.to_owned().into()).map(&view)))
}

/// An answer, once it is there; or why it is not, and a way to ask again.
#[component]
pub fn Await(
    answer: Answer,
    view: Renderer,
    /// Whether the page does without it while it is not there.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let show = move |outcome: Result<String, ApiError>| match outcome.and_then(|json| (view.0)(&json)) {
        Ok(view) => view,
        Err(_) if quiet => ().into_any(),
        Err(error) => view! { <Failure error=error answer=answer/> }.into_any(),
    };
    wait(answer, Arc::new(show), false, quiet)
}

type Show = Arc<dyn Fn(Result<String, ApiError>) -> AnyView + Send + Sync>;

/// Shows the first answer. What it becomes when there is another is up to `show`.
pub fn once(answer: Answer, show: Show) -> AnyView {
    wait(answer, show, true, false)
}

fn wait(answer: Answer, show: Show, once: bool, quiet: bool) -> AnyView {
    let view = move || {
        let show = show.clone();
        let view = async move { show(answer.await) };
        let view: Pin<Box<dyn Future<Output = AnyView> + Send>> =
            if once { Box::pin(ScopedFuture::new_untracked(view)) } else { Box::pin(view) };
        Suspend::new(view)
    };
    let loading = move || {
        (!quiet).then(
            || view! { <div class="skeleton" role="status"><span class="unseen">"Loading…"</span></div> },
        )
    };
    view! { <Transition fallback=loading>{view}</Transition> }.into_any()
}

/// Asks again once the connection is back: a change whose answer was lost may have been made.
pub fn refetch_when_reachable(answer: Answer) {
    when_reachable(move || answer.refetch());
}

/// Does something once the connection is back.
pub fn when_reachable(then: impl Fn() + Send + Sync + 'static) {
    let (offline, was) = (SessionContext::get().offline, StoredValue::new(false));
    effect(move || {
        let is = offline.get();
        if was.get_value() && !is {
            then();
        }
        was.set_value(is);
    });
}

/// Why there is no answer, and a way to ask again. If it is the connection, it is asked again once that is back.
#[component]
pub fn Failure(error: ApiError, answer: Answer) -> impl IntoView {
    refetch_when_reachable(answer);
    view! {
        <div class="summary" role="alert">
            <p>{error.sentence().to_owned()}</p>
            <button type="button" on:click=on(move |_| answer.refetch())>"Try again"</button>
        </div>
    }
}
