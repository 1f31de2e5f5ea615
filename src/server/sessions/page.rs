//! The session behind a page load: read, and never moved on.

use super::{
    Decision, decide,
    refresh::{close_as_stolen, why_gone},
    refresh_token::RefreshToken,
};
use crate::{
    model::{
        id::{SessionId, UserId},
        role::Roles,
        session::{SessionView, SignOutReason},
    },
    server::{
        error::Error,
        origin::Context,
        state::State,
        store::{sessions, users},
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
    pub view: SessionView,
}

impl PageSession {
    pub fn active(&self) -> Option<&ActivePage> {
        match self {
            Self::Active(page) => Some(page),
            _ => None,
        }
    }
}

/// Finds out who loads a page. A token that was used before ends the session here too: the thief may load a page
/// before anything else.
pub async fn resolve(
    state: &State,
    context: Context<'_>,
    presented: Option<&str>,
) -> Result<PageSession, Error> {
    let Some(token) = presented.and_then(RefreshToken::parse) else { return Ok(PageSession::Anonymous) };
    let mut reader = state.store.read().await?;
    let Some(session) = sessions::by_id(&mut reader, &token.session).await? else {
        return Ok(why_gone(state, &token.session).map_or(PageSession::Anonymous, PageSession::Ended));
    };
    if !state.refresh_keys.is_authentic(&token, &session.salt)? {
        return Ok(PageSession::Anonymous);
    }
    match decide(&session, token.generation, context.now, &state.config.sessions) {
        Decision::Unknown => return Ok(PageSession::Anonymous),
        Decision::Ended(reason) => return Ok(PageSession::Ended(reason)),
        Decision::Theft => {
            drop(reader);
            return end_if_stolen(state, context, &token).await;
        }
        Decision::Keep | Decision::Rotate | Decision::Reissue(_) => {}
    }
    let Some(user) = users::by_id(&mut reader, &session.user_id).await?.filter(users::User::is_enabled)
    else {
        return Ok(PageSession::Ended(SignOutReason::AccountClosed));
    };
    let expires_at = session.idle_expires_at.min(session.absolute_expires_at).to_utc();
    let view =
        SessionView { display_name: user.display_name, roles: user.roles, expires_at: Some(expires_at) };
    Ok(PageSession::Active(ActivePage { user: user.id, session: session.id, roles: user.roles, view }))
}

/// Decides once more with the row held: what was read without a lock may have moved on.
async fn end_if_stolen(
    state: &State,
    context: Context<'_>,
    token: &RefreshToken,
) -> Result<PageSession, Error> {
    let mut tx = state.store.begin().await?;
    let Some(session) = sessions::lock_by_id(&mut tx, &token.session).await? else {
        return Ok(PageSession::Anonymous);
    };
    match decide(&session, token.generation, context.now, &state.config.sessions) {
        Decision::Theft => {
            close_as_stolen(state, tx, context, &session, token.generation).await?;
            Ok(PageSession::Ended(SignOutReason::Reused))
        }
        Decision::Ended(reason) => Ok(PageSession::Ended(reason)),
        _ => Ok(PageSession::Anonymous),
    }
}
