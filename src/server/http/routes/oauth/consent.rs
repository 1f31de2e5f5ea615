//! `GET` and `POST /consent`: what an app asks for, and what the person answers.
//!
//! The page has a form without a script. Its answer is a page that leads on, and no redirect: a browser applies the
//! form's policy to the whole chain of redirects, and the app's own address is not in it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    http::{StatusCode, Uri},
    response::Response,
};
use tower_cookies::Cookies;

use super::{
    authorize::question,
    logout::{USE_ANOTHER_ACCOUNT, use_another_account},
    parameters::take_parameters,
};
use crate::{
    model::{error::ApiError, oauth::consent_page::ConsentPage, query, second_factor::OneTimeCode},
    server::{
        accounts::reauthenticate::{Entered, reauthenticate},
        authentication::evidence::Evidence,
        error::Error,
        http::{plain_page, routes::pages},
        oauth::{
            authorize::Person,
            consent::{Asking, ask, authenticated, decide},
        },
        passwords::Password,
        request::{caller::Caller, cookies},
        sessions::page::{ActivePage, PageSession},
    },
};

/// Shows what is asked, or leads on if nothing is left to ask.
pub async fn show(
    caller: Caller,
    Extension(session): Extension<Arc<PageSession>>,
    cookies: Cookies,
    request: Request,
) -> Response {
    let (Some(page), Some(handle)) = (session.active(), handle(request.uri())) else {
        return gone(&caller);
    };
    let flow = cookies::flow(&cookies);
    let asking = ask(&caller.state, caller.context(), &handle, flow.as_deref(), &Person::from(page)).await;
    respond(&caller, asking, None, request).await
}

/// Takes the answer: allowed or not, or what was asked for to prove who it is. It is the browser that the question was shown to,
/// and a page of ours, that sends it: the middleware refuses every other origin.
pub async fn answer(
    caller: Caller,
    Extension(session): Extension<Arc<PageSession>>,
    cookies: Cookies,
    uri: Uri,
    request: Request,
) -> Response {
    let (state, context) = (&caller.state, caller.context());
    let (Some(page), Some(handle)) = (session.active(), handle(&uri)) else { return gone(&caller) };
    let Some((fields, request)) = take_parameters(request).await else { return gone(&caller) };
    let flow = cookies::flow(&cookies);
    let person = Person::from(page);
    if let Some(password) = fields.get("password") {
        let entered = match confirm(&caller, page, password, fields.get("code")).await {
            Ok(evidence) => {
                authenticated(state, context, &handle, flow.as_deref(), &person.session, evidence).await
            }
            Err(refused) => Err(refused),
        };
        let problem = entered.err().map(|error| ApiError::from(error).sentence().to_owned());
        let asking = ask(state, context, &handle, flow.as_deref(), &person).await;
        return respond(&caller, asking, problem, request).await;
    }
    let allows = match fields.get("decision") {
        Some("allow") => true,
        Some("cancel") => false,
        Some(USE_ANOTHER_ACCOUNT) => return use_another_account(&caller, &question(&handle)).await,
        _ => return gone(&caller),
    };
    let asking = decide(state, context, &handle, flow.as_deref(), &person, allows).await;
    respond(&caller, asking, None, request).await
}

/// Checks what whoever is signed in has entered. The session goes on.
async fn confirm(
    caller: &Caller,
    page: &ActivePage,
    password: &str,
    code: Option<&str>,
) -> Result<Evidence, Error> {
    let (principal, password) = (page.principal(), Password::new(password.to_owned()));
    let code = code.map(OneTimeCode::parse).transpose().map_err(|error| Error::invalid("code", error))?;
    let entered = Entered { password: &password, code: code.as_ref() };
    let presented = caller.refresh_token.as_ref();
    let (issued, evidence) =
        reauthenticate(&caller.state, caller.context(), &principal, entered, presented).await?;
    caller.refreshed(issued);
    Ok(evidence)
}

async fn respond(
    caller: &Caller,
    asking: Result<Asking, Error>,
    problem: Option<String>,
    mut request: Request,
) -> Response {
    match asking {
        // Or what the request stood on has gone while it was decided.
        Ok(Asking::Gone) | Err(Error::Forbidden | Error::NoSession) => gone(caller),
        Ok(Asking::Answer(address)) => plain_page::lead_on(caller.into(), &address),
        Ok(Asking::Page(page)) => {
            request.extensions_mut().insert(ConsentPage { problem, ..*page });
            pages::render(State(caller.state.clone()), request).await
        }
        Err(error) => plain_page::fault(caller.into(), ApiError::from(error)),
    }
}

fn handle(uri: &Uri) -> Option<String> {
    query::parameter(uri.query()?, "request")
}

fn gone(caller: &Caller) -> Response {
    plain_page::no_sign_in(
        caller.into(),
        StatusCode::BAD_REQUEST,
        "This sign-in was finished before, has expired or was begun in another browser. Go back to the app and start again.",
    )
}
