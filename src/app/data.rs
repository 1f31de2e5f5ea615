//! What pages show: the answer of a server function, rendered on the server and fetched again in the browser.
//!
//! It travels as JSON text and is decoded where it is shown. So there is one resource for all pages, instead of one
//! for each type, which would be most of what the browser loads.

use std::{fmt, sync::Arc};

use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_location;
use serde::{Serialize, de::DeserializeOwned};
use server_fn::{Encodes, ServerFn};

use super::session::client::{AuthRequest, decode};
use crate::{
    api::{
        error::{ApiError, Code},
        json::JsonText,
    },
    model::local_path::{query_parameter, query_value},
};

/// Names and values of a form.
pub type Fields = Vec<(&'static str, String)>;

/// An answer as JSON text.
pub type Answer = Resource<Result<String, ApiError>>;

/// Asks a server function. `fields` are its arguments; when they change, it is asked again.
pub fn load<F>(fields: impl Fn() -> Fields + Send + Sync + 'static) -> Answer
where
    F: ServerFn<Error = ApiError> + DeserializeOwned,
    F::Output: Serialize,
{
    Resource::new(fields, |fields| async move {
        // On the server the function runs right here; in the browser this branch does not exist.
        if cfg!(feature = "ssr") { run::<F>(fields).await } else { fetch(F::PATH, fields).await }
    })
}

async fn run<F>(fields: Fields) -> Result<String, ApiError>
where
    F: ServerFn<Error = ApiError> + DeserializeOwned,
    F::Output: Serialize,
{
    let internal = || ApiError::new(Code::Internal, "Something went wrong on our side.");
    let arguments = fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let function: F = serde_json::from_value(serde_json::Value::Object(arguments)).map_err(|_| internal())?;
    let answer = function.run_body().await?;
    let json = JsonText::encode(&answer).map_err(|_| internal())?;
    String::from_utf8(json.to_vec()).map_err(|_| internal())
}

async fn fetch(path: &'static str, fields: Fields) -> Result<String, ApiError> {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", query_value(value))).collect();
    let answer = send_wrapper::SendWrapper::new(AuthRequest::new(path, pairs.join("&")).send()).await?;
    Ok(String::from_utf8_lossy(&answer.into_result()?).into_owned())
}

/// Parameters of the page's address as fields, followed as they change. One that is missing or empty is left out.
pub fn from_address(names: &'static [&'static str]) -> impl Fn() -> Fields + Copy + Send + Sync + 'static {
    let search = use_location().search;
    move || {
        let search = search.read();
        let given = |name: &'static str| {
            Some((name, query_parameter(&search, name).filter(|value| !value.is_empty())?))
        };
        names.iter().copied().filter_map(given).collect()
    }
}

type Show = dyn Fn(&str) -> Result<AnyView, ApiError> + Send + Sync;

/// How an answer is shown.
#[derive(Clone)]
pub struct Shown(Arc<Show>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

/// Shows an answer of this type with this view.
pub fn shown<T: DeserializeOwned>(view: impl Fn(T) -> AnyView + Send + Sync + 'static) -> Shown {
    Shown(Arc::new(move |json| decode(json.to_owned().into()).map(&view)))
}

/// An answer, once it is there; or why it is not, and a way to ask again.
#[component]
pub fn Loaded(answer: Answer, view: Shown) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <p role="status">"Loading…"</p> }>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match answer.await.and_then(|json| (view.0)(&json)) {
                        Ok(view) => Either::Left(view),
                        Err(error) => Either::Right(view! {
                            <div class="summary" role="alert">
                                <p>{error.message}</p>
                                <button type="button" on:click=move |_| answer.refetch()>"Try again"</button>
                            </div>
                        }),
                    }
                })
            }}
        </Transition>
    }
}
