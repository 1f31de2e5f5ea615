//! A browser, as far as HTTP sees one: it keeps cookies, and the access token in memory.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::Value;
use tower::ServiceExt;

use crate::tests::test_app::PASSWORD;

pub const COOKIE: &str = "__Host-latchkey";

#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    pub access_token: Option<String>,
    /// The address that it connects from.
    pub address: [u8; 4],
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of an error.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}")).to_owned()
    }

    /// Names of the fields that an error complains about.
    pub fn fields(&self) -> Vec<String> {
        self.json()["fields"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no location: {self:?}"))
    }

    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) -> &Self {
        self.assert_status(status);
        assert_eq!(self.code(), code, "{self:?}");
        self
    }
}

impl Browser {
    pub fn new(router: Router) -> Self {
        Self { router, cookies: BTreeMap::new(), access_token: None, address: [203, 0, 113, 7] }
    }

    /// The refresh token that it holds.
    pub fn refresh_token(&self) -> String {
        self.cookies.get(COOKIE).cloned().unwrap_or_default()
    }

    /// Another browser with a copied cookie, and nothing else.
    pub fn thief(&self) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new(self.router.clone()) }
    }

    /// Another browser with the same cookie but for one character of its MAC.
    pub fn forger(&self) -> Self {
        let token = self.refresh_token();
        let (session, mac) = token.rsplit_once('.').unwrap();
        let first = if mac.starts_with('A') { 'B' } else { 'A' };
        let mut forger = self.thief();
        forger.cookies.insert(COOKIE.to_owned(), format!("{session}.{first}{}", &mac[1..]));
        forger
    }

    /// The same browser, connected from another address.
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.address = address;
        self
    }

    pub async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.send_and_forget(request).await;
        for value in answer.headers.get_all(header::SET_COOKIE) {
            self.keep(value.to_str().unwrap());
        }
        answer
    }

    /// Sends a request whose answer never arrives, as far as cookies are concerned.
    pub async fn send_and_forget(&self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from((self.address, 40_000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    fn keep(&mut self, set_cookie: &str) {
        let (name, value) = set_cookie.split(';').next().unwrap().split_once('=').unwrap();
        if set_cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    pub fn form(path: &str, body: impl Into<Body>) -> Request<Body> {
        Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "localhost:3000")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(body.into())
            .unwrap()
    }

    /// Calls a server function with the access token, as WASM does.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = Self::form(path, encode(fields));
        if let Some(token) = &self.access_token {
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let answer = self.send(request).await;
        if let Some(token) = serde_json::from_str::<Value>(&answer.body)
            .ok()
            .and_then(|json| json["access_token"].as_str().map(str::to_owned))
        {
            self.access_token = Some(token);
        }
        answer
    }

    /// Posts a form as a browser without JavaScript does, from the page at `from`.
    pub async fn submit(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = Self::form(path, encode(fields));
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, "text/html,application/xhtml+xml".parse().unwrap());
        headers.insert(header::ORIGIN, "http://localhost:3000".parse().unwrap());
        headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
        headers.insert(header::REFERER, format!("http://localhost:3000{from}").parse().unwrap());
        self.send(request).await
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Request::builder()
            .uri(path)
            .header(header::HOST, "localhost:3000")
            .header(header::ACCEPT, "text/html");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Opens a one-time link: it leads to its page, whose address has no token.
    pub async fn open_link(&mut self, link: &str) -> Answer {
        let moved = self.get(link).await;
        moved.assert_status(303);
        let page = moved.location().to_owned();
        assert!(link.starts_with(&page) && !page.contains('?'), "{page}");
        self.get(&page).await
    }

    /// A GET with an access token and without a cookie, as another service would make it.
    pub async fn get_with_token(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::builder().uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        Self::new(self.router.clone()).send_and_forget(request.body(Body::empty()).unwrap()).await
    }

    /// Uses the access token that it holds.
    pub async fn use_token(&self) -> Answer {
        self.get_with_token("/oauth/userinfo", self.access_token.as_deref()).await
    }

    pub async fn sign_up(&mut self, email: &str) -> Answer {
        self.post(
            "/api/auth/register",
            &[("email", email), ("display_name", "Somebody"), ("password", PASSWORD)],
        )
        .await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/login", &[("email", email), ("password", password)]).await
    }

    pub async fn refresh(&mut self) -> Answer {
        self.post("/api/auth/refresh", &[]).await
    }

    pub async fn sign_out(&mut self) -> Answer {
        self.post("/api/auth/logout", &[]).await
    }
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
