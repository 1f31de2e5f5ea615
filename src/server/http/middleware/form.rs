//! Forms are checked before a server function reads them: each field once, known, and text.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use crate::{
    model::{
        error::{ApiError, Code},
        query,
    },
    server::http::endpoints::Endpoint,
};

const FORM: &str = "application/x-www-form-urlencoded";
/// Longest name of a field that an error repeats.
const SHOWN: usize = 40;

/// The fields of a form that passed the checks.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads a body that has these fields at the most.
    pub fn parse(body: &[u8], known: &[&str]) -> Result<Self, ApiError> {
        let mut fields = BTreeMap::new();
        for (name, value) in query::pairs(body) {
            let name = query::decode(name)
                .ok_or_else(|| ApiError::new(Code::MalformedRequest, "The name of a field is not UTF-8."))?;
            if !known.contains(&name.as_str()) {
                return Err(refuse(Code::InvalidInput, &name, "There is no such field."));
            }
            let value = query::decode(value)
                .ok_or_else(|| refuse(Code::InvalidInput, &name, "This is not UTF-8 text."))?;
            if value.contains('\0') {
                return Err(refuse(Code::InvalidInput, &name, "This contains a NUL character."));
            }
            if fields.insert(name.clone(), value).is_some() {
                return Err(refuse(Code::InvalidInput, &name, "This field came twice."));
            }
        }
        Ok(Self(fields))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What may be shown again.
    pub fn without_secrets(self) -> BTreeMap<String, String> {
        const SECRETS: [&str; 3] = ["password", "token", "code"];
        let is_secret = |name: &String| SECRETS.iter().any(|secret| name.contains(secret));
        self.0.into_iter().filter(|(name, _)| !is_secret(name)).collect()
    }
}

/// Refuses what is no form of the server function that it was sent to.
pub async fn validate_form(request: Request, next: Next) -> Response {
    let Some(endpoint) = Endpoint::at(request.uri().path()) else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).cloned();
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return ApiError::new(Code::PayloadTooLarge, "This is too long to send. All fields together can have 64 KiB, and characters beyond plain English ones count several times.")
                .into_response();
        }
        Err(_) => {
            return ApiError::new(Code::MalformedRequest, "The body of the request did not arrive whole.")
                .into_response();
        }
    };
    let media_type =
        content_type.as_ref().and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    if !body.is_empty() && !media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(FORM))
    {
        return ApiError::new(Code::UnsupportedMediaType, format!("Send the fields as {FORM}."))
            .into_response();
    }
    match Fields::parse(&body, endpoint.fields) {
        Ok(fields) => {
            parts.extensions.insert(fields);
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Err(error) => error.into_response(),
    }
}

fn refuse(code: Code, field: &str, problem: &str) -> ApiError {
    let name = field.chars().take(SHOWN).collect();
    let mut error = ApiError::invalid([]);
    error.code = code;
    error.fields.insert(name, problem.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["email", "password"];

    fn problem(body: &[u8]) -> (String, String) {
        Fields::parse(body, KNOWN).unwrap_err().fields.into_iter().next().unwrap()
    }

    #[test]
    fn a_form_is_decoded() {
        let fields =
            Fields::parse("email=ada%40example.org&password=a+b%2B%C3%A4&".as_bytes(), KNOWN).unwrap();
        assert_eq!(fields.0["email"], "ada@example.org");
        assert_eq!(fields.0["password"], "a b+ä");
        assert!(!fields.without_secrets().contains_key("password"));
        assert!(Fields::parse(b"", KNOWN).unwrap().0.is_empty());
    }

    #[test]
    fn form_errors_name_the_field() {
        assert_eq!(problem(b"email=a&email=b").0, "email");
        assert_eq!(
            problem(b"email=a%00b"),
            ("email".to_owned(), "This contains a NUL character.".to_owned())
        );
        assert_eq!(problem(b"password=%FF"), ("password".to_owned(), "This is not UTF-8 text.".to_owned()));
        assert_eq!(problem(b"password=\xFF").0, "password");
        assert_eq!(problem(b"roles=admin"), ("roles".to_owned(), "There is no such field.".to_owned()));
        assert_eq!(problem(format!("{}=1", "x".repeat(9999)).as_bytes()).0.len(), SHOWN);
    }
}
