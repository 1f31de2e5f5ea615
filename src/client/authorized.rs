//! The client of server functions: it sends the access token of this tab, gets a new one ahead of expiry, tries once
//! more after a 401, and asks for the password where the server wants it to be recent. What it does next is decided by
//! [`Attempt`].

use std::pin::Pin;

use bytes::Bytes;
use futures::{Sink, Stream, stream};
use http::Method;
use leptos::prelude::FromServerFnError;
use send_wrapper::SendWrapper;
use server_fn::{
    client::{Client, browser::BrowserClient},
    error::{IntoAppError, ServerFnErrorErr},
    request::{ClientReq, browser::BrowserFormData},
    response::ClientRes,
};

use super::{
    events::{self, Event},
    http::{Outcome, Request, Response},
    moving, pause,
    refresh::refresh,
    session_move::SessionMove,
    step_up,
    tab::{Attempt, Heard, Step, Tab},
    this_tab, token,
};
use crate::model::error::{ApiError, Code};

/// Sends a server function's request with the access token of this tab.
#[derive(Debug)]
pub struct AuthClient;

/// Sends a request, and hands over its answer whatever has become of the part of the page that asked: nothing, if it is
/// no longer about whoever is signed in. A server that can't be reached shows on the page, and is asked again until it
/// is back.
pub async fn send(request: Request) -> Outcome {
    let outcome = Sending::new(request).run().await;
    if let Some(Err(error)) = &outcome
        && error.code == Code::Unreachable
        && this_tab::is_signed_in()
    {
        events::emit(Event::Unreachable);
        pause::want_refresh();
    }
    outcome
}

/// Sends a request for a part of the page. If its answer is no longer about whoever is signed in, that part goes with
/// the page, and waits until then.
pub async fn ask(request: Request) -> Result<Response, ApiError> {
    match send(request).await {
        Some(outcome) => outcome,
        None => std::future::pending().await,
    }
}

/// A request on its way.
struct Sending {
    request: Request,
    attempt: Attempt,
    /// The token that it was sent with last.
    used: Option<String>,
    answer: Outcome,
}

impl Sending {
    fn new(request: Request) -> Self {
        let attempt = this_tab::read(|tab| Attempt::new(tab, SessionMove::of(request.path())));
        Self { request, attempt, used: None, answer: None }
    }

    async fn run(mut self) -> Outcome {
        let mut heard = Heard::Nothing;
        loop {
            heard = match this_tab::read(|tab| self.next(tab, heard)) {
                Step::Refresh => match refresh().await {
                    Ok(()) => Heard::Token,
                    Err(error) => self.answered(Some(Err(error))),
                },
                Step::Send => {
                    let outcome = self.send_once().await;
                    self.answered(outcome)
                }
                Step::AskPassword => self.ask_password().await,
                Step::Finish => return self.answer,
                Step::Drop => return None,
            }
        }
    }

    fn next(&mut self, tab: &Tab, heard: Heard) -> Step {
        self.attempt.next(tab, token::current().is_some(), heard)
    }

    async fn send_once(&mut self) -> Outcome {
        self.used = token::current();
        match self.attempt.moves {
            Some(how) => moving::send(self.request.clone(), how, self.attempt.epoch).await,
            None => Some(self.request.send(self.used.as_deref()).await),
        }
    }

    /// Keeps the answer, and says what it means.
    fn answered(&mut self, outcome: Outcome) -> Heard {
        let heard = match &outcome {
            Some(Ok(response)) => heard(response),
            _ => Heard::Answer,
        };
        self.answer = outcome;
        heard
    }

    /// Asks for the password, unless there is a newer token than the one that was refused: then it was entered for
    /// another request meanwhile.
    async fn ask_password(&self) -> Heard {
        if token::current() != self.used {
            Heard::Token
        } else if step_up::request().await {
            Heard::Confirmed
        } else {
            Heard::NotConfirmed
        }
    }
}

/// What an answer means for the attempt. One that says that the session is over is no proof: the cookie is.
fn heard(response: &Response) -> Heard {
    if response.status != 401 && response.status != 403 {
        return Heard::Answer;
    }
    let error = response.error();
    match error.code {
        Code::ReauthenticationRequired => Heard::PasswordNeeded,
        Code::InvalidToken => Heard::TokenRefused,
        _ if error.ends_session().is_some() => Heard::TokenRefused,
        _ => Heard::Answer,
    }
}

impl<E: FromServerFnError> Client<E> for AuthClient {
    type Request = Request;
    type Response = Response;

    fn send(request: Request) -> impl Future<Output = Result<Response, E>> + Send {
        // The error as the function's own type, which is how errors of the server arrive too.
        SendWrapper::new(async move { ask(request).await.map_err(|error| E::de(error.ser())) })
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

impl<E: FromServerFnError> ClientReq<E> for Request {
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

impl<E: FromServerFnError> ClientRes<E> for Response {
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
