//! Access to pages is decided here, before anything is rendered.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use tower_cookies::Cookies;

use super::flash::Flash;
use crate::{
    model::{
        access::{Access, PAGES, SECURITY, Verdict, after_sign_in, offered_on, pattern},
        form::FormFailure,
        local_path::LocalPath,
        query,
    },
    server::{
        client_info::{ActionContext, ClientInfo},
        http::{
            redirect::{permanent, see_other},
            routes::assets::AssetPaths,
        },
        log,
        request::{cookies, record_denial},
        sessions::page::{PageSession, resolve},
        state::AppState,
    },
};

/// Finds out who loads the page and whether they may. The page and the server functions that it calls while it is
/// rendered find the session in the request's extensions.
pub async fn authorize_page(
    State(state): State<Arc<AppState>>,
    cookies: Cookies,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(clean) = without_error_parameters(request.uri()) {
        return see_other(&clean);
    }
    if let Some(without_slash) = without_final_slash(request.uri()) {
        return permanent(&without_slash);
    }
    let Some(client) = request.extensions().get::<Arc<ClientInfo>>().cloned() else { return unavailable() };
    let context = ActionContext { now: state.now(), client: &client };
    let presented = cookies::refresh_token(&cookies);
    let session = match resolve(&state, context, presented.as_ref()).await {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "the session of a page load could not be read");
            return unavailable();
        }
    };
    if let Some(page) = session.active() {
        log::set_account(&page.user);
    }
    let access = Access::of(request.uri().path());
    let active = session.active();
    let restricted = active.map(|page| page.view.restricted).unwrap_or_default();
    let verdict = access.verdict_within(active.map(|page| page.roles), restricted);
    match verdict {
        Verdict::SignIn => return see_other(&sign_in_page(request.uri(), &session)),
        Verdict::RedirectToNext => return see_other(&wanted(request.uri())),
        Verdict::SetUpSecondFactor => return see_other(&LocalPath::page(SECURITY)),
        Verdict::Show | Verdict::Forbid => {}
    }
    if let (Verdict::Forbid, Some(page)) = (verdict, session.active()) {
        // The page and not its address, which is as long as whoever asks likes, and is kept for years.
        let page_asked_for = pattern(request.uri().path()).unwrap_or_default();
        let denial = record_denial(&state, context, &page.user, &page.session, page_asked_for);
        if let Err(error) = denial.await {
            tracing::error!(%error, "a refused page could not be recorded");
            return unavailable();
        }
    }
    request.extensions_mut().insert(Arc::new(session));
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
fn without_error_parameters(uri: &Uri) -> Option<LocalPath> {
    let query = uri.query()?;
    let is_error = |pair: &&str| pair.starts_with("__err=") || pair.starts_with("__path=");
    if !query.split('&').any(|pair| is_error(&pair)) {
        return None;
    }
    let rest: Vec<_> = query.split('&').filter(|pair| !is_error(pair)).collect();
    let path = uri.path();
    let clean = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    // What looks like another host leads nowhere.
    Some(LocalPath::parse(&clean).unwrap_or_default())
}

/// A slash at the end names the same page; it has one address.
fn without_final_slash(uri: &Uri) -> Option<LocalPath> {
    let path = uri.path().strip_suffix('/').filter(|path| PAGES.iter().any(|(page, _)| page == path))?;
    LocalPath::parse(&uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))).ok()
}

/// The sign-in page that leads back here and says why it is needed. From a file it leads back to the page that offers
/// it, with the same query.
fn sign_in_page(uri: &Uri, session: &PageSession) -> LocalPath {
    let path = offered_on(uri.path()).unwrap_or(uri.path());
    let here = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let here = LocalPath::parse(&here).unwrap_or_default();
    match session {
        PageSession::Ended(reason) => here.login_because(*reason),
        _ => here.login(),
    }
}

/// Where somebody who is signed in already wanted to go from the sign-in page.
fn wanted(uri: &Uri) -> LocalPath {
    let next = query::parameter(uri.query().unwrap_or_default(), "next");
    after_sign_in(next.as_deref())
}

/// The store is silent: nobody can be recognised, and nobody is sent away for it.
fn unavailable() -> Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><title>Back in a moment</title><link rel=\"stylesheet\" href=\"{}\"><main><section class=\"card\">\
         <h1>Back in a moment</h1><p>The server can't answer right now. You are still signed in; reload the page in a \
         moment.</p><p><a class=\"button\" href=\"\">Try again</a></p></section></main>",
        AssetPaths::of(None).style
    );
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_parameters_are_removed_from_the_url() {
        let clean = |uri: &'static str| without_error_parameters(&Uri::from_static(uri)).map(String::from);
        assert_eq!(clean("/login?next=/account"), None);
        for elsewhere in
            ["//evil.example?__err=x", "//evil.example/login?__path=x&a=b", "/\\evil.example?__err=x"]
        {
            assert_eq!(clean(elsewhere).as_deref(), Some("/dashboard"), "{elsewhere}");
        }
        assert_eq!(
            clean("/login?__err=abc&next=/account&__path=/api/auth/login").as_deref(),
            Some("/login?next=/account")
        );
        assert_eq!(clean("/login?__err=abc").as_deref(), Some("/login"));
    }
}
