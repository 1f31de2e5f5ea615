//! Who sent the request that is being answered, and how to answer them.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT, LOCATION},
        request::Parts,
    },
};
use leptos::prelude::{use_context, with_context};
use leptos_axum::ResponseOptions;
use tower_cookies::Cookies;

use super::{
    authenticate::{Evidence, authenticate, authorize, bearer_of},
    cookies,
};
use crate::{
    model::{
        access::after_sign_in,
        error::ApiError,
        id::SessionId,
        local_path::LocalPath,
        role::Permission,
        second_factor::{SecondStep, SecondStepStatus},
        session::{SignIn, TokenResponse},
        theme::Theme,
    },
    server::{
        authentication::attempt::{self, Attempt, AttemptMade},
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        error::Error,
        principal::Principal,
        sessions::{Issued, start::Started},
        state::AppState,
        store::users::User,
        tokens::{one_time, refresh::token::RefreshToken, verify::VerifiedToken},
    },
};

/// The caller of a server function or of a route. A route takes it as an extractor; a server function gets it from
/// [`Caller::respond`], because its body also runs while a page is rendered.
pub struct Caller {
    pub state: Arc<AppState>,
    /// When the request was taken up: one moment for all that it does.
    pub now: Timestamp,
    pub client: Arc<ClientInfo>,
    /// The refresh token that the browser holds, if it holds one.
    pub refresh_token: Option<RefreshToken>,
    cookies: Cookies,
    evidence: Evidence,
    wants_html: bool,
}

impl Caller {
    /// Answers the request under way: every server function's body is one call of this.
    pub async fn respond<T>(body: impl AsyncFnOnce(Self) -> Result<T, Error>) -> Result<T, ApiError> {
        Ok(body(Self::current()?).await?)
    }

    /// The caller of the server function that runs. Fails only outside of a request.
    fn current() -> Result<Self, Error> {
        let state = use_context::<Arc<AppState>>().ok_or_else(|| missing("its state"))?;
        with_context(|parts| Self::of(parts, state)).ok_or_else(|| missing("a request"))?
    }

    fn of(parts: &Parts, state: Arc<AppState>) -> Result<Self, Error> {
        let client = parts.extensions.get::<Arc<ClientInfo>>().cloned().ok_or_else(|| missing("a client"))?;
        let cookies = parts.extensions.get::<Cookies>().cloned().ok_or_else(|| missing("cookies"))?;
        let refresh_token = cookies::refresh_token(&cookies);
        Ok(Self {
            now: state.now(),
            state,
            client,
            refresh_token,
            cookies,
            evidence: Evidence::of(parts),
            wants_html: wants_html(&parts.headers),
        })
    }

    /// The colours that were chosen in this browser.
    pub fn theme(&self) -> Theme {
        cookies::theme(&self.cookies)
    }

    /// Whoever is asking, if they may do this.
    pub async fn require(&self, permission: Permission) -> Result<Principal, Error> {
        let principal = authenticate(&self.evidence, &self.state, self.now)?;
        authorize(&principal, permission, &self.state, self.context()).await?;
        Ok(principal)
    }

    /// The same, of an access token that was just verified.
    pub async fn require_of(
        &self,
        token: &VerifiedToken,
        permission: Permission,
    ) -> Result<Principal, Error> {
        let principal = bearer_of(token, &self.state);
        authorize(&principal, permission, &self.state, self.context()).await?;
        Ok(principal)
    }

    /// The token in the `Authorization` header, whatever it is.
    pub fn bearer(&self) -> Result<&str, Error> {
        self.evidence.bearer()
    }

    /// When and from where: what every change is recorded with.
    pub fn context(&self) -> ActionContext<'_> {
        ActionContext { now: self.now, client: &self.client }
    }

    /// Hands out what signing in has come to: a session, or what the second step goes on from. A form without JavaScript
    /// goes on to `next`, where that is a page.
    pub fn started(&self, started: Started, next: Option<&str>) -> Result<SignIn, Error> {
        match started {
            Started::Session(issued) => {
                if cookies::attempt(&self.cookies).is_some() {
                    cookies::clear_attempt(&self.cookies);
                }
                Ok(SignIn::Session(self.signed_in(issued, next)?))
            }
            Started::SecondStep(AttemptMade { cookie, methods }) => {
                cookies::set_attempt(&self.cookies, cookie);
                self.redirect_form(&after_sign_in(next).second_step())?;
                let status = SecondStepStatus::SecondFactor;
                let expires_in = attempt::LIFETIME.as_secs();
                Ok(SignIn::SecondStep(SecondStep { status, methods, expires_in }))
            }
        }
    }

    /// Who is half signed in, in this browser.
    pub fn attempt(&self) -> Result<Attempt, Error> {
        let cookie = cookies::attempt(&self.cookies).ok_or(Error::AttemptClosed)?;
        Attempt::open(&self.state, self.now, &cookie).ok_or(Error::AttemptClosed)
    }

    /// Hands out a session that was just started. A form without JavaScript goes on to `next`, where that is a page.
    pub fn signed_in(&self, issued: Issued, next: Option<&str>) -> Result<TokenResponse, Error> {
        self.redirect_form(&after_sign_in(next))?;
        Ok(self.refreshed(issued))
    }

    /// Hands out the next refresh token of a session.
    pub fn refreshed(&self, issued: Issued) -> TokenResponse {
        if let Some(cookie) = &issued.cookie {
            cookies::set_session(&self.cookies, cookie);
        }
        issued.response
    }

    /// Makes the browser forget its session.
    pub fn clear_session(&self) {
        cookies::clear_session(&self.cookies);
    }

    /// What binds this browser to the requests that it has begun.
    pub fn flow_cookie(&self) -> Option<String> {
        cookies::flow(&self.cookies)
    }

    pub fn set_flow_cookie(&self, value: String) {
        cookies::set_flow(&self.cookies, value);
    }

    /// What this browser is known by; it keeps that from now on.
    pub fn known_browser(&self) -> Result<String, Error> {
        let cookie = one_time::known_or_new(&self.state.entropy, self.flow_cookie().as_deref())?;
        self.set_flow_cookie(cookie.clone());
        Ok(cookie)
    }

    /// The device cookie of this browser, as it came.
    pub fn device_cookie(&self) -> Option<String> {
        cookies::device(&self.cookies)
    }

    /// Gives the browser a device cookie for a session that it has just ended, unless it has one of that account.
    pub fn remember_device(&self, user: &User, session: &SessionId) {
        let devices = &self.state.device_cookies;
        if self.device_cookie().and_then(|value| devices.session(&value, user)).is_none() {
            cookies::set_device(&self.cookies, devices.issue(user, session));
        }
    }

    /// The token of the link that is used: of the one that this browser has opened, unless a program sends it itself.
    pub fn link_token(&self, sent: Option<String>) -> String {
        let sent = sent.filter(|token| !token.is_empty());
        sent.or_else(|| cookies::link(&self.cookies)).unwrap_or_default()
    }

    /// Makes the browser forget the link that it has used.
    pub fn clear_link(&self) {
        cookies::clear_link(&self.cookies);
    }

    /// Sends a form that was posted without JavaScript on to `path`. A caller that takes JSON goes where it likes.
    pub fn redirect_form(&self, path: &LocalPath) -> Result<(), Error> {
        if !self.wants_html {
            return Ok(());
        }
        let options = use_context::<ResponseOptions>().ok_or_else(|| missing("a response to redirect"))?;
        let location =
            path.as_str().parse().map_err(|_| Error::Internal("a path is no header value".to_owned()))?;
        options.insert_header(LOCATION, location);
        options.set_status(StatusCode::SEE_OTHER);
        Ok(())
    }
}

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, ApiError> {
        Ok(Self::of(parts, state.clone())?)
    }
}

/// Whether the request comes from a form without JavaScript, or from the address bar.
pub fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn missing(what: &str) -> Error {
    Error::Internal(format!("a request was answered without {what}"))
}
