//! Moving a session on because its owner has proved again who they are.

use super::{
    issue::{Issued, issue},
    revoke::revoke_for_reuse,
};
use crate::{
    model::session::SignOutReason,
    server::{
        authentication::evidence::Evidence,
        change::Change,
        error::Error,
        principal::Principal,
        state::AppState,
        store::{
            many_sessions,
            sessions::{self, SessionRecord},
            users::User,
        },
        tokens::refresh::{
            rotation::{Decision, step_up as decide_step_up},
            token::RefreshToken,
        },
    },
};

/// Hands out an access token that says what was proved and when, with the refresh token to hold from now on, and commits
/// the change. `presented` is the one that the browser holds.
pub async fn step_up(
    state: &AppState,
    mut change: Change<'_>,
    principal: &Principal,
    user: &User,
    evidence: Evidence,
    presented: Option<&RefreshToken>,
) -> Result<Issued, Error> {
    let context = change.context;
    let session = sessions::lock_by_id(change.tx(), &principal.session).await?;
    let mut session = session.ok_or(Error::NoSession)?;
    let generation = generation_of(state, &session, presented)?;
    let from = session.generation;
    let proved = (evidence.methods(), evidence.verified_at());
    let decision = decide_step_up(&mut session, generation, proved, context.now, &state.config.sessions);
    match decision {
        Decision::Ended(reason) => return Err(Error::SessionEnded(reason)),
        Decision::Reuse => {
            revoke_for_reuse(change, &session, generation.unwrap_or(from)).await?;
            return Err(Error::SessionEnded(SignOutReason::Reused));
        }
        Decision::Keep | Decision::Rotate | Decision::Reissue(_) => session.seen(context),
        Decision::Unknown => {}
    }
    let (methods, authenticated_at) = proved;
    let authenticated = SessionRecord { authenticated_at, methods, ..session.clone() };
    let minted = state.tokens.mint(context.now, &state.entropy, &authenticated, user)?;
    session.remember(&minted.kid, minted.expires_at);
    many_sessions::advance(change.tx(), &[(from, &session)]).await?;
    change.commit().await?;
    let mut issued = issue(state, context.now, &session, user, minted)?;
    // Whoever does not hold the newest refresh token, or one that entitles to it, does not get it here.
    issued.cookie = issued.cookie.filter(|_| decision != Decision::Unknown);
    Ok(issued)
}

/// The generation that the browser presents, if it is one of this very session.
fn generation_of(
    state: &AppState,
    session: &SessionRecord,
    presented: Option<&RefreshToken>,
) -> Result<Option<u64>, Error> {
    match presented.filter(|token| token.session == session.id) {
        Some(token) if state.refresh_keys.is_authentic(token, &session.salt)? => Ok(Some(token.generation)),
        _ => Ok(None),
    }
}
