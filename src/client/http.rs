//! Requests and responses as the browser sends and reads them.

use std::pin::pin;

use bytes::Bytes;
use futures::{
    FutureExt,
    future::{Either, select},
};
use leptos::prelude::{FromServerFnError, window};
use serde::de::DeserializeOwned;
use server_fn::{
    Decodes,
    error::{IntoAppError, ServerFnErrorErr},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Headers, RequestInit};

use super::{
    session_move::{REFRESH, SIGN_OUT},
    timer::sleep,
};
use crate::model::{error::ApiError, json::JsonText, query::parameter, second_factor::SecondStep};

/// Milliseconds after which an answer is not waited for any more. The server gives up after 30 seconds itself.
const TIMEOUT: f64 = 40_000.0;
/// The same for what others wait for, and what needs no password to be hashed.
const SHORT_TIMEOUT: f64 = 10_000.0;

/// A form on its way to a server function. It can be sent more than once.
#[derive(Clone, Debug)]
pub struct Request {
    path: String,
    body: String,
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub body: Bytes,
}

/// What came of a request. Nothing if it is no longer about whoever is signed in.
pub type Outcome = Option<Result<Response, ApiError>>;

impl Request {
    pub fn new(path: &str, body: String) -> Self {
        Self { path: path.to_owned(), body }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was typed into a field.
    pub fn field(&self, name: &str) -> Option<String> {
        parameter(&self.body, name)
    }

    /// Sends it once. Whatever goes wrong here, no answer came: nobody knows whether the server has acted.
    pub async fn send(&self, token: Option<&str>) -> Result<Response, ApiError> {
        self.fetch_in_time(token).await.map_err(|_| ServerFnErrorErr::Request(String::new()).into_app_error())
    }

    /// An answer that has not come in time is refused when it comes, and the cookie with it.
    async fn fetch_in_time(&self, token: Option<&str>) -> Result<Response, JsValue> {
        let timeout = if [REFRESH, SIGN_OUT].contains(&self.path()) { SHORT_TIMEOUT } else { TIMEOUT };
        let abort = AbortController::new()?;
        let fetch = pin!(self.fetch(token, abort.signal()));
        match select(fetch, sleep(timeout).boxed_local()).await {
            Either::Left((response, _)) => response,
            Either::Right(_) => {
                abort.abort();
                Err(JsValue::UNDEFINED)
            }
        }
    }

    async fn fetch(&self, token: Option<&str>, signal: AbortSignal) -> Result<Response, JsValue> {
        let headers = Headers::new()?;
        headers.set("Content-Type", "application/x-www-form-urlencoded")?;
        headers.set("Accept", "application/json")?;
        if let Some(token) = token {
            headers.set("Authorization", &format!("Bearer {token}"))?;
        }
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_headers(&headers);
        init.set_signal(Some(&signal));
        init.set_body(&JsValue::from_str(&self.body));
        let response = JsFuture::from(window().fetch_with_str_and_init(&self.path, &init)).await?;
        let response: web_sys::Response = response.unchecked_into();
        let text = JsFuture::from(response.text()?).await?;
        Ok(Response { status: response.status(), body: text.as_string().unwrap_or_default().into() })
    }
}

impl Response {
    /// The error that it is, if it is one.
    pub fn error(&self) -> ApiError {
        ApiError::de(self.body.clone())
    }

    /// The answer, or the error that it is.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        decode(self.into_result()?)
    }

    /// The body of an answer, or the error that it is.
    pub fn into_result(self) -> Result<Bytes, ApiError> {
        if self.status < 400 { Ok(self.body) } else { Err(ApiError::de(self.body)) }
    }
}

/// The answer as that of a first step of signing in, if it is one.
pub fn second_step(body: &Bytes) -> Option<SecondStep> {
    decode(body.clone()).ok()
}

/// Reads the answer of a server function.
pub fn decode<T: DeserializeOwned>(body: Bytes) -> Result<T, ApiError> {
    JsonText::decode(body)
        .map_err(|error| ServerFnErrorErr::Deserialization(error.to_string()).into_app_error())
}
