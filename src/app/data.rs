//! What pages show: the answer of a server function, rendered on the server and fetched again in the browser.
//!
//! It travels as JSON text and is decoded where it is shown. So there is one resource for all pages, instead of one
//! for each type, which would be most of what the browser loads.

use std::{fmt, pin::Pin, sync::Arc};

use leptos::{either::Either, prelude::*};
use leptos_router::{hooks::use_location, location::Location};
use serde::{Serialize, de::DeserializeOwned};
use server_fn::ServerFn;

use super::session::client::decode;
use crate::{
    api::error::ApiError,
    model::{access::pattern, local_path::query_parameter},
};

/// Names and values of a form.
pub type Fields = Vec<(&'static str, String)>;

/// An answer as JSON text.
pub type Answer = Resource<Result<String, ApiError>>;

type Asking = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send>>;

/// Asks a server function. `fields` are its arguments; when they change, it is asked again.
pub fn load<F>(fields: impl Fn() -> Fields + Send + Sync + 'static) -> Answer
where
    F: ServerFn<Error = ApiError> + DeserializeOwned,
    F::Output: Serialize,
{
    of_one_type(Box::new(fields), ask::<F>)
}

fn of_one_type(fields: Box<dyn Fn() -> Fields + Send + Sync>, ask: fn(Fields) -> Asking) -> Answer {
    Resource::new(fields, ask)
}

/// On the server the function runs right here.
#[cfg(feature = "ssr")]
fn ask<F>(fields: Fields) -> Asking
where
    F: ServerFn<Error = ApiError> + DeserializeOwned,
    F::Output: Serialize,
{
    use server_fn::Encodes;

    use crate::api::{error::Code, json::JsonText};
    Box::pin(async {
        let internal = || ApiError::new(Code::Internal, "Something went wrong on our side.");
        let arguments = fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let function: F =
            serde_json::from_value(serde_json::Value::Object(arguments)).map_err(|_| internal())?;
        let answer = function.run_body().await?;
        let json = JsonText::encode(&answer).map_err(|_| internal())?;
        String::from_utf8(json.to_vec()).map_err(|_| internal())
    })
}

#[cfg(not(feature = "ssr"))]
fn ask<F: ServerFn>(fields: Fields) -> Asking {
    use super::session::client::AuthRequest;
    use crate::model::local_path::query;

    let request = AuthRequest::new(F::PATH, query(fields.iter()));
    Box::pin(send_wrapper::SendWrapper::new(async {
        let answer = request.send().await?.into_result()?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }))
}

/// Parameters of the page's address as fields, followed as they change. One that is missing or empty is left out.
pub fn from_address(names: &'static [&'static str]) -> impl Fn() -> Fields + Copy + Send + Sync + 'static {
    follow(move |_, search| {
        let given = |name: &'static str| {
            Some((name, query_parameter(search, name).filter(|value| !value.is_empty())?))
        };
        names.iter().copied().filter_map(given).collect()
    })
}

/// The last part of the page's path as a field.
pub fn from_path(name: &'static str) -> impl Fn() -> Fields + Copy + Send + Sync + 'static {
    follow(move |path, _| vec![(name, path.rsplit('/').next().unwrap_or_default().to_owned())])
}

/// Follows path and query of the page's address. The address is the next page's already while this one is still there:
/// then nothing changes any more.
fn follow(
    read: impl Fn(&str, &str) -> Fields + Send + Sync + 'static,
) -> impl Fn() -> Fields + Copy + Send + Sync + 'static {
    let Location { pathname, search, .. } = use_location();
    let page = pattern(&pathname.read_untracked());
    let fields = Memo::new(move |last: Option<&Fields>| {
        let path = pathname.read();
        match last {
            Some(last) if pattern(&path) != page => last.clone(),
            _ => read(&path, &search.read()),
        }
    });
    move || fields.get()
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
                                <p>{error.sentence().to_owned()}</p>
                                <button type="button" on:click=move |_| answer.refetch()>"Try again"</button>
                            </div>
                        }),
                    }
                })
            }}
        </Transition>
    }
}
