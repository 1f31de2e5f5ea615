//! Authentication: the one place that turns a request into a [`Principal`].

use std::sync::Arc;

use axum::http::{HeaderValue, header::AUTHORIZATION, request::Parts};
use serde_json::json;

use crate::{
    model::{
        id::{SessionId, UserId},
        role::Permission,
    },
    server::{
        change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        log,
        principal::{Principal, Proof},
        sessions::page::PageSession,
        state::AppState,
        store::audit::{Event, EventKind},
        tokens::verify::{TokenError, VerifiedToken},
    },
};

/// What a request shows of who sent it. A page load is known by what the page middleware put into its extensions; every
/// other request by its access token, and a cookie counts for nothing.
pub struct Evidence {
    page: Option<Arc<PageSession>>,
    /// The first two values of `Authorization`: more than one is none.
    authorization: [Option<HeaderValue>; 2],
}

impl Evidence {
    pub fn of(parts: &Parts) -> Self {
        let mut values = parts.headers.get_all(AUTHORIZATION).iter().cloned();
        Self { page: parts.extensions.get().cloned(), authorization: [values.next(), values.next()] }
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme's name in any case (RFC 9110 §11.1).
    pub fn bearer(&self) -> Result<&str, Error> {
        let value = match &self.authorization {
            [None, _] => return Err(Error::MissingToken),
            [Some(value), None] => value,
            [Some(_), Some(_)] => return Err(TokenError::NotCompact.into()),
        };
        let text = value.to_str().map_err(|_| TokenError::NotCompact)?;
        match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
            _ => Err(Error::MissingToken),
        }
    }
}

/// Finds out who asks.
pub fn authenticate(evidence: &Evidence, state: &AppState, now: Timestamp) -> Result<Principal, Error> {
    let Some(page) = &evidence.page else {
        return Ok(bearer_of(&*state.tokens.verify(evidence.bearer()?, now)?, state));
    };
    let principal = page.active().ok_or(Error::MissingToken)?.principal();
    log::set_account(&principal.user);
    Ok(principal)
}

/// Whoever asks with this access token, which has just been verified.
pub fn bearer_of(token: &VerifiedToken, state: &AppState) -> Principal {
    state.confirmations.note(&token.session, token.id.generation);
    log::set_account(&token.user);
    Principal {
        user: token.user.clone(),
        session: token.session.clone(),
        roles: token.roles,
        level: token.level,
        proof: Proof::AccessToken { authenticated_at: token.authenticated_at },
    }
}

/// Insists on a permission. Lacking it is written to the audit log.
pub async fn authorize(
    principal: &Principal,
    permission: Permission,
    state: &AppState,
    context: ActionContext<'_>,
) -> Result<(), Error> {
    let allowed = principal.check(permission, context.now, state.config.second_factor);
    if let Err(Error::Forbidden) = allowed {
        let wanted = format!("{permission:?}");
        record_denial(state, context, &principal.user, &principal.session, &wanted).await?;
    }
    allowed
}

/// Writes to the audit log that somebody was refused. Of many refusals of one person only the first are written, and then
/// one now and then: asking for what one may not have is no way to fill the disk.
pub async fn record_denial(
    state: &AppState,
    context: ActionContext<'_>,
    user: &UserId,
    session: &SessionId,
    asked_for: &str,
) -> Result<(), Error> {
    if !state.rate_limiter.records_denial(user) {
        tracing::info!(%user, asked_for, "one more refusal is not recorded");
        return Ok(());
    }
    let detail = json!({ "asked_for": asked_for });
    let event = Event::new(EventKind::AccessDenied).by(user).about(user).of(session).with(detail);
    Ok(change::record(&state.store, context, event).await?)
}
