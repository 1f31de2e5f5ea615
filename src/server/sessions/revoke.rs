//! Revoking sessions.

use super::client_sessions::{self, end_with_sessions};
use crate::{
    model::{
        id::{SessionId, UserId},
        oauth::revocation::RevocationReason,
        session::SignOutReason,
    },
    server::{
        change::Change,
        client_info::ActionContext,
        clock::LEEWAY,
        config::LONGEST_CLIENT_TOKEN,
        error::Error,
        state::AppState,
        store::{
            Tx,
            audit::{Event, EventKind},
            client_sessions::Ending,
            invalidations::{self, Invalidation},
            one_time_tokens,
            sessions::{self, RevokedSession, SessionRecord},
            users::{self, User},
        },
        tokens::refresh::{
            rotation::{Decision, decide},
            token::RefreshToken,
        },
    },
};

/// Revokes `session` with its access tokens, and records `event`. Whether it was live until now.
pub async fn revoke(
    change: &mut Change<'_>,
    session: &SessionRecord,
    reason: SignOutReason,
    event: Event,
) -> Result<bool, Error> {
    let now = change.context.now;
    if !sessions::revoke(change.tx(), &session.id, now, reason).await? {
        return Ok(false);
    }
    change.invalidate(Invalidation::SessionRevoked(session.id.clone()), session.token_expires_at);
    end_with_sessions(change, &session.user_id, None).await?;
    change.record(event.of(&session.id).because(reason)).await?;
    Ok(true)
}

/// How many sessions an account has at the most.
pub const MAX_SESSIONS: i64 = 100;

/// Revokes every session of `user` but `kept`, with one event that says how many. It costs a few statements, however many
/// there are. Returns those that were live.
pub async fn revoke_all_except(
    change: &mut Change<'_>,
    user: &mut User,
    actor: Option<&UserId>,
    reason: SignOutReason,
    kept: Option<&SessionId>,
) -> Result<Vec<RevokedSession>, Error> {
    let now = change.context.now;
    let revoked = sessions::revoke_of_user(change.tx(), &user.id, now, reason, kept).await?;
    if kept.is_some() && is_few(&revoked) {
        // The one that is kept keeps its access token too.
        refuse_tokens(change, &revoked);
    } else {
        refuse_older_tokens(change, user).await?;
    }
    end_with_sessions(change, &user.id, Some(reason)).await?;
    let event = Event::new(EventKind::SessionEnded).maybe_by(actor).about(&user.id);
    match revoked.as_slice() {
        [] => {}
        [session] => change.record(event.of(&session.id).because(reason)).await?,
        many => {
            let detail = serde_json::json!({ "sessions": many.len() });
            change.record(event.with(detail).because(reason)).await?;
        }
    }
    Ok(revoked)
}

/// Whether these are as many as an account may have. One from before there was a limit may have had more.
fn is_few(sessions: &[RevokedSession]) -> bool {
    i64::try_from(sessions.len()).is_ok_and(|count| count <= MAX_SESSIONS)
}

/// How many these are, for the answer.
pub fn count(sessions: &[RevokedSession]) -> u64 {
    u64::try_from(sessions.len()).unwrap_or(u64::MAX)
}

/// Refuses the access tokens of each of these sessions. A browser that is left without its session's row can still be
/// told why; so nothing is done for more sessions than an account may have.
pub fn refuse_tokens(change: &mut Change<'_>, revoked: &[RevokedSession]) {
    for session in revoked.iter().filter(|_| is_few(revoked)) {
        change.invalidate(Invalidation::SessionRevoked(session.id.clone()), session.token_expires_at);
    }
}

/// Makes every access token stale that the account has now. Whoever still has a session gets another one in silence.
pub async fn refuse_older_tokens(change: &mut Change<'_>, user: &mut User) -> Result<(), Error> {
    user.token_epoch += 1;
    users::set_token_epoch(change.tx(), user).await?;
    let now = change.context.now;
    let last = sessions::last_token_expiry(change.tx(), &user.id).await?.unwrap_or(now);
    let changed = Invalidation::AccountChanged { user: user.id.clone(), epoch: user.token_epoch };
    // A token for a client may live longer than those of the sessions, and outlive them.
    change.invalidate(changed, last.max(now + LONGEST_CLIENT_TOKEN));
    Ok(())
}

/// Makes room for one more session of `user`: those unused for longest end. Usually that is one, or none.
pub async fn make_room(change: &mut Change<'_>, user: &UserId) -> Result<(), Error> {
    let now = change.context.now;
    if sessions::count_live(change.tx(), user, now).await? < MAX_SESSIONS {
        return Ok(());
    }
    let reason = SignOutReason::TooMany;
    let bounds = (MAX_SESSIONS - 1, MAX_SESSIONS);
    let revoked = sessions::revoke_surplus(change.tx(), user, now, reason, bounds).await?;
    refuse_tokens(change, &revoked);
    end_with_sessions(change, user, None).await?;
    for session in &revoked {
        let event = Event::new(EventKind::SessionEnded).about(user).of(&session.id).because(reason);
        change.record(event).await?;
    }
    Ok(())
}

/// The session of a refresh token of ours, whatever its generation, locked for this transaction. Nothing for one that
/// is none of ours.
pub async fn lock_authentic(
    state: &AppState,
    tx: &mut Tx,
    token: &RefreshToken,
) -> Result<Option<SessionRecord>, Error> {
    let Some(session) = sessions::lock_by_id(tx, &token.session).await? else { return Ok(None) };
    Ok(state.refresh_keys.is_authentic(token, &session.salt)?.then_some(session))
}

/// Signs out. Takes a token of any generation: someone who wants to leave is let go (Kanidm 1.2.0). A token that is
/// none of ours revokes nothing and is no error. Where a change of password was faster, the session that follows ends
/// too. Returns the session that ended by it, and whose it was.
pub async fn sign_out(
    state: &AppState,
    context: ActionContext<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Option<(User, SessionId)>, Error> {
    let Some(token) = presented else { return Ok(None) };
    // Before anything is locked: a forged token is nobody's.
    let mut reader = state.store.read().await?;
    let known = sessions::by_id(&mut reader, &token.session).await?;
    drop(reader);
    match known {
        Some(session) if state.refresh_keys.is_authentic(token, &session.salt)? => {}
        _ => return Ok(None),
    }
    let (mut ended, mut next) = (None, Some(token.session.clone()));
    while let Some(id) = next {
        let session = sign_out_of(state, context, &id).await?;
        next = session.as_ref().and_then(|(session, _)| session.followed_by.clone());
        ended = session.and_then(|(session, owner)| Some((owner?, session.id))).or(ended);
    }
    Ok(ended)
}

/// Signs out of one session. Returns it as it was, and whose it was if it was live until now.
async fn sign_out_of(
    state: &AppState,
    context: ActionContext<'_>,
    session: &SessionId,
) -> Result<Option<(SessionRecord, Option<User>)>, Error> {
    let mut change = Change::begin(state, context).await?;
    let Some(session) = sessions::lock_by_id(change.tx(), session).await? else { return Ok(None) };
    let event = Event::new(EventKind::SignedOut).by(&session.user_id).about(&session.user_id);
    let was_live = session.is_live(context.now);
    let revoked = revoke(&mut change, &session, SignOutReason::SignedOut, event).await?;
    let owner = if revoked && was_live { users::by_id(change.tx(), &session.user_id).await? } else { None };
    change.commit().await?;
    Ok(Some((session, owner)))
}

/// Revokes every session of everybody, and takes back every link that works once: what is done after a restored backup
/// has brought them back. Other nodes, and this one, refuse the access tokens as soon as they hear of it. Returns how many
/// sessions that were.
pub async fn revoke_everything(state: &AppState, context: ActionContext<'_>) -> Result<u64, Error> {
    let (now, reason) = (context.now, SignOutReason::EndedByAdmin);
    let mut change = Change::begin(state, context).await?;
    let revoked = sessions::revoke_all(change.tx(), now, reason).await?;
    one_time_tokens::delete_every(change.tx()).await?;
    client_sessions::end(&mut change, Ending::Everybody, RevocationReason::SessionEnded).await?;
    let detail = serde_json::json!({ "sessions": revoked, "whose": "everybody" });
    change.record(Event::new(EventKind::SessionEnded).with(detail).because(reason)).await?;
    // One statement, last of all: there may be more than fit in memory.
    invalidations::insert_for_revoked_at(change.tx(), now, reason, LEEWAY).await?;
    change.commit().await?;
    Ok(revoked)
}

/// Revokes a session of which two parties hold a refresh token (RFC 9700 §4.14.2), and commits: although the answer is
/// an error, the revocation stands.
pub async fn revoke_for_reuse(
    mut change: Change<'_>,
    session: &SessionRecord,
    presented: u64,
) -> Result<(), Error> {
    let detail = serde_json::json!({ "presented": presented, "newest": session.generation });
    let event = Event::new(EventKind::RefreshTokenReused).about(&session.user_id).with(detail);
    revoke(&mut change, session, SignOutReason::Reused, event).await?;
    change.commit().await?;
    tracing::warn!(session = %session.id, user = %session.user_id, "a refresh token was used twice; the session is revoked");
    Ok(())
}

/// Revokes the session of a token that was read as used before. It is decided once more with the row locked: what was
/// read may have changed. Returns why the session has ended, if it has.
pub async fn revoke_if_reused(
    state: &AppState,
    context: ActionContext<'_>,
    token: &RefreshToken,
) -> Result<Option<SignOutReason>, Error> {
    let mut change = Change::begin(state, context).await?;
    let Some(session) = sessions::lock_by_id(change.tx(), &token.session).await? else { return Ok(None) };
    match decide(&session, token.generation, context.now, &state.config.sessions) {
        Decision::Reuse => {
            revoke_for_reuse(change, &session, token.generation).await?;
            Ok(Some(SignOutReason::Reused))
        }
        Decision::Ended(reason) => Ok(Some(reason)),
        _ => Ok(None),
    }
}
