//! The address at which a client is answered.

use crate::{model::query, server::oauth::error::OAuthError};

/// With a code. `iss` says who answers, so that a client of several servers cannot be led astray (RFC 9207).
pub fn with_code(redirect_uri: &str, state: Option<&str>, issuer: &str, code: &str) -> String {
    answer(redirect_uri, state, issuer, vec![("code", code.to_owned())])
}

/// With an error.
pub fn with_error(redirect_uri: &str, state: Option<&str>, issuer: &str, error: &OAuthError) -> String {
    let code = error.code.as_str().to_owned();
    let fields = vec![("error", code), ("error_description", error.description.to_string())];
    answer(redirect_uri, state, issuer, fields)
}

fn answer(
    redirect_uri: &str,
    state: Option<&str>,
    issuer: &str,
    mut fields: Vec<(&'static str, String)>,
) -> String {
    fields.extend(state.map(|state| ("state", state.to_owned())));
    fields.push(("iss", issuer.to_owned()));
    // The query that is registered stays.
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{separator}{}", query::encode(fields.iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registered_query_stays_and_state_is_handed_back_byte_for_byte() {
        assert_eq!(
            with_code("https://app.example.org/cb?a=b", Some("x y&\u{e4}"), "https://id.example.org", "c"),
            "https://app.example.org/cb?a=b&code=c&state=x%20y%26%C3%A4&iss=https%3A//id.example.org"
        );
        let error = OAuthError::invalid_request("No.");
        assert_eq!(
            with_error("org.example.app:/cb", None, "https://id.example.org", &error),
            "org.example.app:/cb?error=invalid_request&error_description=No.&iss=https%3A//id.example.org"
        );
    }
}
