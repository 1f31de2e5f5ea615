//! `GET` and `POST /oauth/logout`: an app has sent somebody here to sign out.

use std::sync::Arc;

use axum::{
    Extension,
    body::to_bytes,
    extract::{Request, State},
    http::Uri,
    response::Response,
};

use crate::{
    model::{error::ApiError, local_path::LocalPath, query, session::SignOutReason},
    server::{
        error::Error,
        http::{
            MAX_BODY,
            plain_page::{self, Look},
            redirect::{see_other, to_client},
        },
        oauth::{
            logout::{Asked, read},
            parameters::Parameters,
        },
        request::caller::Caller,
        sessions::{page::PageSession, revoke::sign_out},
        state::AppState,
    },
};

/// What an app sends that counts here.
const PARAMETERS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Signs out at once if the app has shown an ID token of this session. Otherwise a page asks, unless nobody is signed in.
pub async fn get(caller: Caller, Extension(session): Extension<Arc<PageSession>>, uri: Uri) -> Response {
    let look = Look::from(&caller);
    let parameters = Parameters::parse(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    let session = session.active().map(|page| &page.session);
    let asked = match read(&caller.state, &parameters, session).await {
        Ok(asked) => asked,
        Err(error) => return plain_page::fault(look, ApiError::from(error)),
    };
    if session.is_some() && !asked.is_of_this_session {
        return plain_page::ask_to_sign_out(look, &sent(&parameters));
    }
    if let Err(error) = end(&caller).await {
        return plain_page::fault(look, ApiError::from(error));
    }
    match asked.address {
        Some(address) => to_client(&address),
        None => plain_page::signed_out(look),
    }
}

/// Goes on with a GET: a form of another site brings no cookie along.
pub async fn post(State(state): State<Arc<AppState>>, parameters: Parameters) -> Response {
    let query = query::encode(sent(&parameters).iter());
    to_client(&format!("{}/oauth/logout?{query}", state.config.tokens.issuer))
}

/// The answer to the question: the middleware refuses every other origin. What the app asked for is checked again. The
/// answer is a page that leads on, and no redirect: a form's policy applies to redirects too.
pub async fn confirm(caller: Caller, request: Request) -> Response {
    let look = Look::from(&caller);
    let body = to_bytes(request.into_body(), MAX_BODY).await.unwrap_or_default();
    let parameters = Parameters::parse(&body).unwrap_or_default();
    if let Err(error) = end(&caller).await {
        return plain_page::fault(look, ApiError::from(error));
    }
    match read(&caller.state, &parameters, None).await {
        Ok(Asked { address: Some(address), .. }) => plain_page::lead_on(look, &address),
        // Whoever wanted to leave has left.
        Ok(_) | Err(_) => plain_page::signed_out(look),
    }
}

/// The decision of somebody who is asked in the name of somebody else.
pub const USE_ANOTHER_ACCOUNT: &str = "another_account";

/// Signs out, and asks whoever signs in then.
pub async fn use_another_account(caller: &Caller, page: &LocalPath) -> Response {
    match end(caller).await {
        Ok(()) => see_other(&page.login_because(SignOutReason::SignedOut)),
        Err(error) => plain_page::fault(caller.into(), ApiError::from(error)),
    }
}

/// Ends the session of this browser, and has it forget it.
async fn end(caller: &Caller) -> Result<(), Error> {
    let presented = caller.refresh_token.as_ref();
    let ended = sign_out(&caller.state, caller.context(), presented).await?;
    if presented.is_some() {
        caller.clear_session();
    }
    if let Some((user, session)) = ended {
        caller.remember_device(&user, &session);
    }
    Ok(())
}

/// What an app has sent.
fn sent(parameters: &Parameters) -> Vec<(&'static str, String)> {
    PARAMETERS
        .into_iter()
        .filter_map(|name| parameters.get(name).map(|value| (name, value.to_owned())))
        .collect()
}
