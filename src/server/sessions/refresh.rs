//! Refreshing a session.

use super::{
    issue::{Issued, issue},
    revoke::revoke_if_reused,
};
use crate::{
    model::{id::SessionId, session::SignOutReason},
    server::{
        client_info::ActionContext,
        error::Error,
        keys::line::KeyLine,
        state::AppState,
        store::{StoreError, many_sessions::SessionOfUser},
        tokens::refresh::{
            group::{Outcome, Presented},
            token::RefreshToken,
        },
    },
};

/// Exchanges the presented refresh token for an access token and the refresh token to hold from now on.
///
/// Errors: [`Error::NoSession`] for a token that is none of ours, [`Error::SessionEnded`] with the reason for one of
/// a session that is over, and internal errors, which say nothing about the session.
pub async fn refresh(
    state: &AppState,
    context: ActionContext<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Issued, Error> {
    let token = presented.ok_or(Error::NoSession)?;
    let key = state.tokens.keys.active(KeyLine::Portal, context.now)?;
    let presented = Presented {
        token: token.clone(),
        now: context.now,
        client: context.client.clone(),
        key: key.clone(),
    };
    let (session, user): SessionOfUser = match state.refreshes.present(presented).await? {
        Outcome::Refreshed(refreshed) => *refreshed,
        Outcome::Missing => {
            let reason = reason_without_row(state, &token.session);
            return Err(reason.map_or(Error::NoSession, Error::SessionEnded));
        }
        Outcome::Unknown => return Err(Error::NoSession),
        Outcome::Ended(reason) => return Err(Error::SessionEnded(reason)),
        Outcome::Reuse => {
            let ended = revoke_if_reused(state, context, token).await?;
            // It has changed meanwhile: whoever tries again learns how.
            let changed = || StoreError::Conflict { table: "sessions", row: token.session.to_string() };
            return Err(ended.map_or_else(|| changed().into(), Error::SessionEnded));
        }
    };
    // After the commit, and in the request's own task: the others of its group do not wait for it.
    let minted = state.tokens.mint_with(&key, context.now, &state.entropy, &session, &user)?;
    issue(state, context.now, &session, &user, minted)
}

/// Why a session that has no row any more ended, if that was a short while ago: an account that is deleted takes its
/// sessions with it, and every node still knows that their access tokens are refused.
pub(super) fn reason_without_row(state: &AppState, session: &SessionId) -> Option<SignOutReason> {
    state.tokens.denylist.has(session).then_some(SignOutReason::AccountDeleted)
}
