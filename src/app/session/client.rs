//! The client of server functions that need somebody: it brings the access token, gets a new one ahead of expiry, and
//! once more after a 401.

use std::pin::Pin;

use bytes::Bytes;
use futures::{Sink, Stream, stream};
use http::Method;
use leptos::prelude::{FromServerFnError, ReadUntracked, Set, window};
use send_wrapper::SendWrapper;
use serde::de::DeserializeOwned;
use server_fn::{
    Decodes,
    client::{Client, browser::BrowserClient},
    error::{IntoAppError, ServerFnErrorErr},
    request::{ClientReq, browser::BrowserFormData},
    response::ClientRes,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use super::{Connection, keeper, reauth, refresh::refresh, token};
use crate::api::{
    error::{ApiError, Code},
    json::JsonText,
};

/// Sends a server function's request with the access token of this tab.
#[derive(Debug)]
pub struct AuthClient;

/// A request that can be sent twice.
#[derive(Clone, Debug)]
pub struct AuthRequest {
    path: String,
    body: String,
}

/// A response, read to its end.
#[derive(Debug)]
pub struct AuthResponse {
    status: u16,
    body: Bytes,
}

impl AuthRequest {
    pub fn new(path: &str, body: String) -> Self {
        Self { path: path.to_owned(), body }
    }

    pub async fn send_once(&self, token: Option<&str>) -> Result<AuthResponse, ApiError> {
        // Whatever goes wrong here, the server has not answered.
        self.fetch(token).await.map_err(|_| ServerFnErrorErr::Request(String::new()).into_app_error())
    }

    async fn fetch(&self, token: Option<&str>) -> Result<AuthResponse, JsValue> {
        let headers = Headers::new()?;
        headers.set("Content-Type", "application/x-www-form-urlencoded")?;
        headers.set("Accept", "application/json")?;
        if let Some(token) = token {
            headers.set("Authorization", &format!("Bearer {token}"))?;
        }
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_headers(&headers);
        init.set_body(&JsValue::from_str(&self.body));
        let response = JsFuture::from(window().fetch_with_str_and_init(&self.path, &init)).await?;
        let response: Response = response.unchecked_into();
        let text = JsFuture::from(response.text()?).await?;
        Ok(AuthResponse { status: response.status(), body: text.as_string().unwrap_or_default().into() })
    }

    /// Sends it, and once more with a new token if the server asks for one.
    async fn send_with_token(&self) -> Result<AuthResponse, ApiError> {
        let signed_in = keeper::context().is_some_and(|context| context.view.read_untracked().is_some());
        if token::usable().is_none() && signed_in {
            refresh().await?;
        }
        let response = self.send_once(token::usable().as_deref()).await?;
        if !(response.asks_for_a_new_token() && signed_in) {
            return Ok(response);
        }
        refresh().await?;
        self.send_once(token::usable().as_deref()).await
    }

    /// Sends it, and once more after the password was entered again if that is asked for.
    async fn send_until_allowed(&self) -> Result<AuthResponse, ApiError> {
        let response = self.send_with_token().await?;
        if response.code(403) == Some(Code::ReauthenticationRequired) && reauth::ask().await {
            return self.send_with_token().await;
        }
        Ok(response)
    }

    /// Sends it. A server that can't be reached shows on the page, and is asked for until it is back.
    pub async fn send(self) -> Result<AuthResponse, ApiError> {
        let outcome = self.send_until_allowed().await;
        if let (Err(error), Some(context)) = (&outcome, keeper::context())
            && error.code == Code::Unreachable
            && context.view.read_untracked().is_some()
        {
            context.connection.set(Connection::Retrying);
            keeper::check();
        }
        outcome
    }
}

impl AuthResponse {
    fn asks_for_a_new_token(&self) -> bool {
        self.code(401) == Some(Code::InvalidToken)
    }

    /// The code of an error of this status.
    fn code(&self, status: u16) -> Option<Code> {
        (self.status == status).then(|| ApiError::de(self.body.clone()).code)
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

/// What a server function's answer says.
pub fn decode<T: DeserializeOwned>(body: Bytes) -> Result<T, ApiError> {
    JsonText::decode(body)
        .map_err(|error| ServerFnErrorErr::Deserialization(error.to_string()).into_app_error())
}

impl<E: FromServerFnError> Client<E> for AuthClient {
    type Request = AuthRequest;
    type Response = AuthResponse;

    fn send(request: AuthRequest) -> impl Future<Output = Result<AuthResponse, E>> + Send {
        // The error as the function's own type, which is how errors of the server arrive too.
        SendWrapper::new(async move { request.send().await.map_err(|error| E::de(error.ser())) })
    }

    async fn open_websocket(
        _: &str,
    ) -> Result<
        (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static),
        E,
    > {
        let refused: Result<(stream::Empty<_>, NoSink), E> =
            Err(ServerFnErrorErr::Request("no server function opens a socket".to_owned()).into_app_error());
        refused
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<ApiError>>::spawn(future);
    }
}

/// What no server function sends to.
type NoSink = Pin<Box<dyn Sink<Bytes, Error = ()> + Send>>;

fn unsupported<T, E: FromServerFnError>() -> Result<T, E> {
    Err(ServerFnErrorErr::UnsupportedRequestMethod("server functions take forms".to_owned()).into_app_error())
}

impl<E: FromServerFnError> ClientReq<E> for AuthRequest {
    type FormData = BrowserFormData;

    fn try_new_req_text(path: &str, _: &str, _: &str, body: String, _: Method) -> Result<Self, E> {
        Ok(Self::new(path, body))
    }

    fn try_new_req_query(_: &str, _: &str, _: &str, _: &str, _: Method) -> Result<Self, E> {
        unsupported()
    }

    fn try_new_req_bytes(_: &str, _: &str, _: &str, _: Bytes, _: Method) -> Result<Self, E> {
        unsupported()
    }

    fn try_new_req_form_data(_: &str, _: &str, _: &str, _: BrowserFormData, _: Method) -> Result<Self, E> {
        unsupported()
    }

    fn try_new_req_multipart(_: &str, _: &str, _: BrowserFormData, _: Method) -> Result<Self, E> {
        unsupported()
    }

    fn try_new_req_streaming(
        _: &str,
        _: &str,
        _: &str,
        _: impl Stream<Item = Bytes> + Send + 'static,
        _: Method,
    ) -> Result<Self, E> {
        unsupported()
    }
}

impl<E: FromServerFnError> ClientRes<E> for AuthResponse {
    async fn try_into_string(self) -> Result<String, E> {
        String::from_utf8(self.body.to_vec())
            .map_err(|error| ServerFnErrorErr::Deserialization(error.to_string()).into_app_error())
    }

    async fn try_into_bytes(self) -> Result<Bytes, E> {
        Ok(self.body)
    }

    fn try_into_stream(self) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, E> {
        Ok(stream::once(std::future::ready(Ok(self.body))))
    }

    fn status(&self) -> u16 {
        self.status
    }

    fn status_text(&self) -> String {
        String::new()
    }

    // A caller that takes JSON is never redirected.
    fn location(&self) -> String {
        String::new()
    }

    fn has_redirect(&self) -> bool {
        false
    }
}
