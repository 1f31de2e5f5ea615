//! The token of a link goes from the address into a cookie before anything is rendered: an address is kept in histories
//! and logs, and is told to whatever the page leads to. Opening a link uses nothing up; only its form does.

use axum::{extract::Request, http::Uri, middleware::Next, response::Response};
use tower_cookies::Cookies;

use crate::{
    model::{access::after_sign_in, query},
    server::{http::redirect::see_other, request::cookies},
};

/// The pages that links lead to.
const PAGES: [&str; 7] = [
    "/setup",
    "/invitation",
    "/reset",
    "/register/finish",
    "/confirm-email",
    "/restore-email",
    "/login/link",
];
/// Longer than any token of ours.
const MAX_LENGTH: usize = 100;

pub async fn hide_token(cookies: Cookies, request: Request, next: Next) -> Response {
    let Some((page, token)) = opened(request.uri()) else { return next.run(request).await };
    let leads_to = query::parameter(request.uri().query().unwrap_or_default(), "next");
    match token {
        Some(token) => cookies::set_link(&cookies, token),
        // Whatever was opened before is not what was meant now.
        None => cookies::clear_link(&cookies),
    }
    see_other(&after_sign_in(leads_to.as_deref()).behind(page))
}

/// The page of a link, and its token, if it has the form of one.
pub fn opened(uri: &Uri) -> Option<(&'static str, Option<String>)> {
    let page = PAGES.into_iter().find(|page| *page == uri.path())?;
    let token = query::parameter(uri.query()?, "token")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let well_formed = !token.is_empty() && token.len() <= MAX_LENGTH && token.chars().all(is_plain);
    Some((page, well_formed.then_some(token)))
}
