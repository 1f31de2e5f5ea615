//! The session behind a page load: read, and never rotated.

use super::{refresh::reason_without_row, revoke::revoke_if_reused};
use crate::{
    model::{
        id::{SessionId, UserId},
        methods::Methods,
        role::Roles,
        session::{HeldSession, SessionView, SignOutReason},
    },
    server::{
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        principal::{Principal, Proof},
        state::AppState,
        tokens::refresh::{
            rotation::{Decision, decide},
            token::RefreshToken,
        },
    },
};

/// What the cookie of a page load says.
#[derive(Clone, Debug)]
pub enum PageSession {
    /// There is none, or none of ours.
    Anonymous,
    /// There was one.
    Ended(SignOutReason),
    /// There is one.
    Active(ActivePage),
}

/// A session that is good for reading while a page is rendered.
#[derive(Clone, Debug)]
pub struct ActivePage {
    pub user: UserId,
    pub session: SessionId,
    pub roles: Roles,
    /// When its owner last proved who they are.
    pub authenticated_at: Timestamp,
    /// And with what.
    pub methods: Methods,
    pub view: SessionView,
}

impl ActivePage {
    /// Whoever loads the page, known by the cookie alone.
    pub fn principal(&self) -> Principal {
        Principal {
            user: self.user.clone(),
            session: self.session.clone(),
            roles: self.roles,
            level: self.methods.level(),
            proof: Proof::PageLoad,
        }
    }
}

impl PageSession {
    pub fn active(&self) -> Option<&ActivePage> {
        match self {
            Self::Active(page) => Some(page),
            _ => None,
        }
    }
}

/// Finds out who loads a page. A token that was used before revokes the session here too: the thief may load a page
/// before anything else.
pub async fn resolve(
    state: &AppState,
    context: ActionContext<'_>,
    presented: Option<&RefreshToken>,
) -> Result<PageSession, Error> {
    let Some(token) = presented else { return Ok(PageSession::Anonymous) };
    let Some((session, user)) = state.loader.session(&token.session).await? else {
        state.salts.forget(&token.session);
        let reason = reason_without_row(state, &token.session);
        return Ok(reason.map_or(PageSession::Anonymous, PageSession::Ended));
    };
    if !state.refresh_keys.is_authentic(token, &session.salt)? {
        return Ok(PageSession::Anonymous);
    }
    match decide(&session, token.generation, context.now, &state.config.sessions) {
        Decision::Unknown => return Ok(PageSession::Anonymous),
        Decision::Ended(reason) => {
            state.salts.forget(&session.id);
            return Ok(PageSession::Ended(reason));
        }
        Decision::Reuse => {
            let ended = revoke_if_reused(state, context, token).await?;
            return Ok(ended.map_or(PageSession::Anonymous, PageSession::Ended));
        }
        // The newest has arrived. Nothing else is written by a page load.
        Decision::Keep | Decision::Rotate if !session.confirmed => {
            state.confirmations.note(&session.id, session.generation);
        }
        Decision::Keep | Decision::Rotate | Decision::Reissue(_) => {}
    }
    if !user.is_enabled() {
        return Ok(PageSession::Ended(SignOutReason::AccountClosed));
    }
    state.salts.remember(&session.id, &session.salt);
    let expires_at = session.idle_expires_at.min(session.absolute_expires_at).to_utc();
    let view = SessionView {
        session: HeldSession { user: user.id.clone(), id: session.id.clone() },
        display_name: user.display_name,
        roles: user.roles,
        restricted: state.config.second_factor.for_session(session.methods.level()),
        expires_at: Some(expires_at),
    };
    let (authenticated_at, methods) = (session.authenticated_at, session.methods);
    Ok(PageSession::Active(ActivePage {
        user: user.id,
        session: session.id,
        roles: user.roles,
        authenticated_at,
        methods,
        view,
    }))
}
