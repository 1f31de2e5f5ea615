//! Access to pages is decided here, before anything is rendered.

use std::sync::Arc;

use axum::{
    extract::{Request, State as Shared},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use tower_cookies::Cookies;

use super::flash::Flash;
use crate::{
    api::form::FormFailure,
    model::{
        access::{Access, PAGES, Verdict},
        local_path::LocalPath,
    },
    server::{
        origin::{Context, Origin},
        principal::record_denial,
        sessions::{
            cookie,
            page::{PageSession, resolve},
        },
        state::State,
    },
};

/// Finds out who loads the page and whether they may. The page and the server functions that it calls while it is
/// rendered find the session in the request's extensions.
pub async fn guard_page(
    Shared(state): Shared<Arc<State>>,
    cookies: Cookies,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(clean) = without_error_parameters(request.uri()) {
        return Redirect::to(&clean).into_response();
    }
    if let Some(without_slash) = without_final_slash(request.uri()) {
        return Redirect::permanent(&without_slash).into_response();
    }
    let Some(origin) = request.extensions().get::<Origin>().cloned() else { return unavailable() };
    let context = Context { now: state.now(), origin: &origin };
    let presented = cookie::presented(&cookies);
    let session = match resolve(&state, context, presented.as_ref().map(|token| token.as_str())).await {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "the session of a page load could not be read");
            return unavailable();
        }
    };
    let access = Access::of(request.uri().path());
    let verdict = access.verdict(session.active().map(|page| page.roles));
    match verdict {
        Verdict::SignIn => return Redirect::to(&sign_in_page(request.uri(), &session)).into_response(),
        Verdict::GoOn => return Redirect::to(wanted(request.uri()).as_str()).into_response(),
        Verdict::Show | Verdict::Forbid => {}
    }
    if let (Verdict::Forbid, Some(page)) = (verdict, session.active()) {
        let path = request.uri().path();
        if let Err(error) = record_denial(&state, context, &page.user, &page.session, path).await {
            tracing::error!(%error, "a refused page could not be recorded");
            return unavailable();
        }
    }
    request.extensions_mut().insert(session);
    if let Some(failure) = Flash::take(&cookies) {
        request.extensions_mut().insert::<FormFailure>(failure);
    }
    let mut response = next.run(request).await;
    if verdict == Verdict::Forbid {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

/// Leptos shows an error that stands in the address. Anybody can write an address and send it to somebody, so ours
/// never holds one, and one that does is cleaned.
fn without_error_parameters(uri: &Uri) -> Option<String> {
    let query = uri.query()?;
    let is_error = |pair: &&str| pair.starts_with("__err=") || pair.starts_with("__path=");
    if !query.split('&').any(|pair| is_error(&pair)) {
        return None;
    }
    let rest: Vec<_> = query.split('&').filter(|pair| !is_error(pair)).collect();
    let path = uri.path();
    Some(if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) })
}

/// A slash at the end names the same page; it has one address.
fn without_final_slash(uri: &Uri) -> Option<String> {
    let path = uri.path().strip_suffix('/').filter(|path| PAGES.iter().any(|(page, _)| page == path))?;
    Some(uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

/// The sign-in page that leads back here and says why it is needed.
fn sign_in_page(uri: &Uri, session: &PageSession) -> String {
    let here = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let mut page = LocalPath::parse(&here).unwrap_or_default().behind_login();
    if let PageSession::Ended(reason) = session {
        page.push_str("&reason=");
        page.push_str(reason.as_str());
    }
    page
}

/// Where somebody who is signed in already wanted to go from the sign-in page.
fn wanted(uri: &Uri) -> LocalPath {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let next = pairs.into_iter().find_map(|(name, value)| (name == "next").then(|| value.into_owned()));
    next.and_then(|next| LocalPath::parse(&next).ok()).unwrap_or_default()
}

/// The store is silent: nobody can be recognised, and nobody is sent away for it.
fn unavailable() -> Response {
    const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Back in a moment</title>\
        <h1>Back in a moment</h1><p>The server can't answer right now. You are still signed in; reload the page in a moment.</p>";
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Html(PAGE)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_brings_an_error_message() {
        let clean = |uri: &'static str| without_error_parameters(&Uri::from_static(uri));
        assert_eq!(clean("/login?next=/account"), None);
        assert_eq!(
            clean("/login?__err=abc&next=/account&__path=/api/auth/login").as_deref(),
            Some("/login?next=/account")
        );
        assert_eq!(clean("/login?__err=abc").as_deref(), Some("/login"));
    }
}
