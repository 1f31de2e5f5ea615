//! The request that a server function answers, or the page load on whose behalf it runs.

use std::sync::Arc;

use axum::http::{
    StatusCode,
    header::{ACCEPT, LOCATION},
    request::Parts,
};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use tower_cookies::Cookies;
use zeroize::Zeroizing;

use super::{
    clock::Timestamp,
    error::Error,
    origin::{Context, Origin},
    principal::Principal,
    sessions::{Issued, cookie},
    state::State,
};
use crate::{
    api::error::ApiError,
    model::{local_path::LocalPath, role::Permission, session::Session},
};

/// Everything that a server function may know of its caller.
pub struct Request {
    pub state: Arc<State>,
    /// When the request was taken up: one moment for all that it does.
    pub now: Timestamp,
    pub origin: Origin,
    pub cookies: Cookies,
    refresh_token: Option<Zeroizing<String>>,
    parts: Parts,
}

impl Request {
    /// Answers the request under way: every server function's body is one call of this.
    pub async fn answer<T>(body: impl AsyncFnOnce(Self) -> Result<T, Error>) -> Result<T, ApiError> {
        Ok(body(Self::current()?).await?)
    }

    /// The request under way. Fails only outside of one.
    fn current() -> Result<Self, Error> {
        let missing = |what: &str| Error::Fault(format!("a server function ran without {what}"));
        let state = use_context::<Arc<State>>().ok_or_else(|| missing("state"))?;
        let parts = use_context::<Parts>().ok_or_else(|| missing("a request"))?;
        let origin = parts.extensions.get::<Origin>().cloned().ok_or_else(|| missing("an origin"))?;
        let cookies = parts.extensions.get::<Cookies>().cloned().ok_or_else(|| missing("cookies"))?;
        let refresh_token = cookie::presented(&cookies);
        Ok(Self { now: state.now(), state, origin, cookies, refresh_token, parts })
    }

    /// Whoever is asking, if they may do this.
    pub async fn require(&self, permission: Permission) -> Result<Principal, Error> {
        let principal = Principal::of(&self.parts, &self.state, self.now)?;
        principal.require(permission, &self.state, self.context()).await?;
        Ok(principal)
    }

    /// When and from where: what a change is recorded with.
    pub fn context(&self) -> Context<'_> {
        Context { now: self.now, origin: &self.origin }
    }

    /// Hands out a session that was just started. A form without JavaScript goes on to `next`, where that is a path
    /// of ours.
    pub fn signed_in(&self, issued: Issued, next: Option<&str>) -> Result<Session, Error> {
        issued.cookie.set(&self.cookies);
        self.see_other(&next.and_then(|next| LocalPath::parse(next).ok()).unwrap_or_default())?;
        Ok(issued.session)
    }

    /// The refresh token that the browser holds, if it holds one.
    pub fn presented(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(|token| token.as_str())
    }

    /// Sends a form that was posted without JavaScript on to `path`. A caller that takes JSON goes where it likes.
    pub fn see_other(&self, path: &LocalPath) -> Result<(), Error> {
        let accept = self.parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        if !accept.is_some_and(|accept| accept.contains("text/html")) {
            return Ok(());
        }
        let options = use_context::<ResponseOptions>()
            .ok_or_else(|| Error::Fault("no response to redirect".to_owned()))?;
        let location =
            path.as_str().parse().map_err(|_| Error::Fault("a path is no header value".to_owned()))?;
        options.insert_header(LOCATION, location);
        options.set_status(StatusCode::SEE_OTHER);
        Ok(())
    }
}
