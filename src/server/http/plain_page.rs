//! Small pages without the app: nothing on them runs.

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, RETRY_AFTER},
    },
    response::{Html, IntoResponse, Response},
};

use tower_cookies::Cookies;

use super::routes::{appearance::accent_sheet, assets::AssetPaths};
use crate::{
    model::{error::ApiError, local_path::LocalPath, theme::Theme},
    server::{
        config::brand::BrandConfig,
        request::{caller::Caller, cookies},
        state::AppState,
    },
};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// For a page whose form is answered by a page of ours.
const POLICY_WITH_FORM: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// What a page looks like.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    brand: &'a BrandConfig,
    /// The colours that were chosen in this browser.
    theme: Theme,
}

impl<'a> Look<'a> {
    pub fn of(state: &'a AppState, cookies: &Cookies) -> Self {
        Self { brand: &state.config.brand, theme: cookies::theme(cookies) }
    }
}

impl<'a> From<&'a Caller> for Look<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self { brand: &caller.state.config.brand, theme: caller.theme() }
    }
}

/// Says what is wrong.
pub fn problem(look: Look<'_>, status: StatusCode, title: &str, why: &str) -> Response {
    let why = format!("<p>{}</p><p class=\"aside\"><a href=\"/\">Go to the home page</a></p>", escape(why));
    page(look, status, POLICY, title, &why)
}

/// Says why somebody cannot sign in to an app.
pub fn no_sign_in(look: Look<'_>, status: StatusCode, why: &str) -> Response {
    problem(look, status, "You can\u{2019}t sign in to this app right now", why)
}

/// Says that the fault is ours, or when to come back.
pub fn fault(look: Look<'_>, error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = problem(look, status, "This can\u{2019}t be done right now", &error.message);
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Says that the store is silent: nobody can be recognised, and nobody is sent away for it.
pub fn unavailable(look: Look<'_>) -> Response {
    let content = "<p>The server can't answer right now. You are still signed in; reload the page in a moment.</p>\
                   <p><a class=\"button\" href=\"\">Try again</a></p>";
    let mut response = page(look, StatusCode::SERVICE_UNAVAILABLE, POLICY, "Back in a moment", content);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Leads the browser to an address of a client, at once and with a link. It ends the chain of redirects that a form began.
pub fn lead_on(look: Look<'_>, address: &str) -> Response {
    lead(look, "Going back to the app\u{2026}", "Continue to the app", address)
}

fn lead(look: Look<'_>, title: &str, link: &str, address: &str) -> Response {
    let link = format!("<p><a href=\"{}\">{}</a></p>", escape(address), escape(link));
    let mut response = page(look, StatusCode::OK, POLICY, title, &link);
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={address}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// Leads the browser to a provider, at once and with a link. It ends the chain of redirects that a form began.
pub fn lead_to_provider(look: Look<'_>, name: &str, address: &str) -> Response {
    lead(look, &format!("Going to {name}\u{2026}"), &format!("Continue to {name}"), address)
}

/// Leads the browser to the second step of signing in.
pub fn lead_to_second_step(look: Look<'_>, path: &str) -> Response {
    lead(look, "One more step\u{2026}", "Continue", path)
}

/// Says why somebody can't sign in with a provider. Signing in another way leads to `next`.
pub fn no_provider(look: Look<'_>, status: StatusCode, name: &str, why: &str, next: &LocalPath) -> Response {
    let title = format!("You can\u{2019}t sign in with {name} right now");
    let (why, login) = (escape(why), next.behind("/login"));
    let login = escape(login.as_str());
    let why = format!("<p>{why}</p><p class=\"aside\"><a href=\"{login}\">Go to the sign-in page</a></p>");
    page(look, status, POLICY, &title, &why)
}

/// Asks whether to sign out. `fields` are what an app has asked for, and come back with the answer.
pub fn ask_to_sign_out(look: Look<'_>, fields: &[(&'static str, String)]) -> Response {
    let hidden: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let (hidden, name) = (hidden.concat(), escape(&look.brand.name));
    let form = format!(
        "<p>An app has sent you here to sign out. This signs you out of {name} and of every app in this browser.</p>\
         <form method=\"post\" action=\"/oauth/logout/confirm\">{hidden}\
         <button type=\"submit\" class=\"primary\">Sign out</button></form>\
         <p class=\"aside\"><a href=\"/dashboard\">Stay signed in</a></p>"
    );
    page(look, StatusCode::OK, POLICY_WITH_FORM, "Do you want to sign out?", &form)
}

/// Says that nobody is signed in any more.
pub fn signed_out(look: Look<'_>) -> Response {
    page(look, StatusCode::OK, POLICY, "You are signed out", "<p><a href=\"/login\">Sign in again</a></p>")
}

fn page(look: Look<'_>, status: StatusCode, policy: &'static str, title: &str, content: &str) -> Response {
    let Look { brand, theme } = look;
    let chosen = theme.attribute().map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default();
    let scheme = theme.attribute().unwrap_or("light dark");
    let (style, name) = (AssetPaths::of(None).style, escape(&brand.name));
    let title = escape(title);
    let accent = accent_sheet(brand).map(|sheet| format!("<link rel=\"stylesheet\" href=\"{sheet}\">"));
    let mark = match brand.logo {
        Some(_) => "<img src=\"/brand/logo\" alt=\"\">",
        None => "<span class=\"mark\"></span>",
    };
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"{chosen}><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"{scheme}\">\
         <title>{title} \u{b7} {name}</title>\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"{style}\">{}</head>\
         <body><header class=\"top\"><div class=\"bar\"><a class=\"brand\" href=\"/\">{mark}{name}</a></div></header>\
         <main id=\"main\"><section class=\"card\"><h1>{title}</h1>{content}</section></main></body></html>",
        accent.unwrap_or_default()
    );
    let mut response = (status, Html(html)).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_a_page_is_text() {
        assert_eq!(escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
