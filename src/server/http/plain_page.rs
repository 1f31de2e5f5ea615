//! Small pages without the app: nothing on them runs.

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, RETRY_AFTER},
    },
    response::{Html, IntoResponse, Response},
};

use super::routes::{appearance::accent_sheet, assets::AssetPaths};
use crate::{model::error::ApiError, server::config::brand::BrandConfig};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// For a page whose form is answered by a page of ours.
const POLICY_WITH_FORM: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Says what is wrong.
pub fn problem(brand: &BrandConfig, status: StatusCode, title: &str, why: &str) -> Response {
    let why = format!("<p>{}</p><p class=\"aside\"><a href=\"/\">Go to the home page</a></p>", escape(why));
    page(brand, status, POLICY, title, &why)
}

/// Says why somebody cannot sign in to an app.
pub fn no_sign_in(brand: &BrandConfig, status: StatusCode, why: &str) -> Response {
    problem(brand, status, "You can\u{2019}t sign in to this app right now", why)
}

/// Says that the fault is ours, or when to come back.
pub fn fault(brand: &BrandConfig, error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = problem(brand, status, "This can\u{2019}t be done right now", &error.message);
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Leads the browser to an address of a client, at once and with a link. It ends the chain of redirects that a form began.
pub fn lead_on(brand: &BrandConfig, address: &str) -> Response {
    lead(brand, "Going back to the app\u{2026}", "Continue to the app", address)
}

fn lead(brand: &BrandConfig, title: &str, link: &str, address: &str) -> Response {
    let link = format!("<p><a href=\"{}\">{}</a></p>", escape(address), escape(link));
    let mut response = page(brand, StatusCode::OK, POLICY, title, &link);
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={address}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// Leads the browser to a provider, at once and with a link. It ends the chain of redirects that a form began.
pub fn lead_to_provider(brand: &BrandConfig, name: &str, address: &str) -> Response {
    lead(brand, &format!("Going to {name}\u{2026}"), &format!("Continue to {name}"), address)
}

/// Leads the browser to the second step of signing in.
pub fn lead_to_second_step(brand: &BrandConfig, path: &str) -> Response {
    lead(brand, "One more step\u{2026}", "Continue", path)
}

/// Says why somebody can't sign in with a provider.
pub fn no_provider(brand: &BrandConfig, status: StatusCode, name: &str, why: &str) -> Response {
    let title = format!("You can\u{2019}t sign in with {name} right now");
    let why =
        format!("<p>{}</p><p class=\"aside\"><a href=\"/login\">Go to the sign-in page</a></p>", escape(why));
    page(brand, status, POLICY, &title, &why)
}

/// Asks whether to sign out. `fields` are what an app has asked for, and come back with the answer.
pub fn ask_to_sign_out(brand: &BrandConfig, fields: &[(&'static str, String)]) -> Response {
    let hidden: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let (hidden, name) = (hidden.concat(), escape(&brand.name));
    let form = format!(
        "<p>An app has sent you here to sign out. This signs you out of {name} and of every app in this browser.</p>\
         <form method=\"post\" action=\"/oauth/logout/confirm\">{hidden}\
         <button type=\"submit\" class=\"primary\">Sign out</button></form>\
         <p class=\"aside\"><a href=\"/dashboard\">Stay signed in</a></p>"
    );
    page(brand, StatusCode::OK, POLICY_WITH_FORM, "Do you want to sign out?", &form)
}

/// Says that nobody is signed in any more.
pub fn signed_out(brand: &BrandConfig) -> Response {
    page(brand, StatusCode::OK, POLICY, "You are signed out", "<p><a href=\"/login\">Sign in again</a></p>")
}

fn page(
    brand: &BrandConfig,
    status: StatusCode,
    policy: &'static str,
    title: &str,
    content: &str,
) -> Response {
    let (style, name, title) = (AssetPaths::of(None).style, escape(&brand.name), escape(title));
    let accent = accent_sheet(brand).map(|sheet| format!("<link rel=\"stylesheet\" href=\"{sheet}\">"));
    let mark = match brand.logo {
        Some(_) => "<img src=\"/brand/logo\" alt=\"\">",
        None => "<span class=\"mark\"></span>",
    };
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} \u{b7} {name}</title>\
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
