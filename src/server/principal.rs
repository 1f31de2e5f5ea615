//! Who is asking: the one place that turns a request into a [`Principal`].

use axum::http::{HeaderMap, header::AUTHORIZATION, request::Parts};

use super::{
    audit::{self, Event, EventKind},
    clock::Timestamp,
    error::Error,
    origin::Context,
    sessions::page::PageSession,
    state::State,
    tokens::verify::{Verified, verify},
};
use crate::model::{
    id::{SessionId, UserId},
    role::{Permission, Roles},
};
use std::{sync::Arc, time::Duration};

/// Somebody who has proved who they are.
#[derive(Clone, Debug)]
pub struct Principal {
    pub user: UserId,
    pub session: SessionId,
    pub roles: Roles,
    proof: Proof,
    /// When the password was last entered, where the proof says so.
    authenticated_at: Option<Timestamp>,
}

/// How long an entered password is good for what needs it (`Permission::needs_recent_authentication`).
pub const RECENT: Duration = Duration::from_secs(15 * 60);

/// How they proved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// An access token in the `Authorization` header.
    AccessToken,
    /// The session cookie of a page load: good for reading while that page is rendered, and for nothing else. A
    /// forged cross-site request carries the cookie too.
    PageLoad,
}

impl Principal {
    /// Finds out who asks. A page load is known by what the page middleware put into its extensions; every other
    /// request by its access token, and a cookie counts for nothing.
    pub fn of(parts: &Parts, state: &State, now: Timestamp) -> Result<Self, Error> {
        if let Some(page) = parts.extensions.get::<PageSession>() {
            let page = page.active().ok_or(Error::MissingToken)?;
            return Ok(Self {
                user: page.user.clone(),
                session: page.session.clone(),
                roles: page.roles,
                proof: Proof::PageLoad,
                authenticated_at: None,
            });
        }
        let token = bearer(&parts.headers)?;
        let verified = state.verify(token, now)?;
        state.confirmations.note(&verified, now);
        Ok(Self {
            user: verified.user.clone(),
            session: verified.session.clone(),
            roles: verified.roles,
            proof: Proof::AccessToken,
            authenticated_at: Some(verified.authenticated_at),
        })
    }

    /// Insists on a permission. Lacking it is written to the audit log.
    pub async fn require(
        &self,
        permission: Permission,
        state: &State,
        context: Context<'_>,
    ) -> Result<(), Error> {
        let proved_enough = self.proof == Proof::AccessToken || permission.only_reads();
        if self.roles.allow(permission) && proved_enough {
            let recent = self.authenticated_at.is_some_and(|at| context.now < at + RECENT);
            return if recent || !permission.needs_recent_authentication() {
                Ok(())
            } else {
                Err(Error::ReauthenticationRequired)
            };
        }
        record_denial(state, context, &self.user, &self.session, &format!("{permission:?}")).await?;
        Err(Error::Forbidden)
    }
}

/// Writes to the audit log that somebody was refused.
pub async fn record_denial(
    state: &State,
    context: Context<'_>,
    user: &UserId,
    session: &SessionId,
    asked_for: &str,
) -> Result<(), Error> {
    let detail = serde_json::json!({ "asked_for": asked_for });
    let mut tx = state.store.begin().await?;
    let event = Event::new(EventKind::AccessDenied).by(user).about(user).of(session).with(detail);
    audit::record(&mut tx, context, event).await?;
    tx.commit().await?;
    Ok(())
}

impl State {
    /// Verifies an access token, from memory if it was verified before, and asks the denylist either way.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, Error> {
        let verified = match self.verified.get(token, now) {
            Some(known) => known,
            None => {
                let verified = Arc::new(verify(token, &self.keys, &self.config.tokens, now)?);
                self.verified.insert(token, verified.clone());
                verified
            }
        };
        self.denylist.check(&verified)?;
        Ok(verified)
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme's name in any case (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    let value = first.ok_or(Error::MissingToken)?;
    if second.is_some() {
        return Err(Error::Token(super::tokens::verify::TokenError::NotCompact));
    }
    let text = value.to_str().map_err(|_| Error::Token(super::tokens::verify::TokenError::NotCompact))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Error::MissingToken),
    }
}
