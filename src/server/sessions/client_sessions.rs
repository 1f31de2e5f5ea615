//! The sessions of clients end with those of people: in the same transaction, for whatever reason.

use crate::{
    model::{
        id::{SessionId, UserId},
        oauth::revocation::RevocationReason,
        session::SignOutReason,
    },
    server::{
        change::Change,
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        config::LONGEST_CLIENT_TOKEN,
        error::Error,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            client_sessions::{self, ClientSession, Ending},
            grants::{self, GrantRecord},
            invalidations::Invalidation,
            logout_deliveries,
        },
    },
};

/// Client sessions that one transaction ends at the most when they have expired.
const BATCH: i64 = 100;

/// Ends client sessions with their grants: their access tokens are refused at once, and clients that want to be told are
/// told. It costs a few statements, however many there are. Returns those that were live.
pub async fn end(
    change: &mut Change<'_>,
    which: Ending<'_>,
    reason: RevocationReason,
) -> Result<Vec<ClientSession>, Error> {
    let now = change.context.now;
    let ended = client_sessions::revoke(change.tx(), which, now, reason).await?;
    if ended.is_empty() {
        return Ok(ended);
    }
    grants::revoke_of_client_sessions(change.tx(), &ended, now, reason).await?;
    tell_apps(change, &ended).await?;
    for session in &ended {
        let refused = Invalidation::SessionRevoked(SessionId::of_client_session(&session.id));
        change.invalidate(refused, now + LONGEST_CLIENT_TOKEN);
    }
    Ok(ended)
}

/// Has the apps told. No ID token names an offline session, so no app would know it.
async fn tell_apps(change: &mut Change<'_>, ended: &[ClientSession]) -> Result<(), Error> {
    let now = change.context.now;
    let known_to_apps = ended.iter().filter(|ended| ended.session.is_some());
    let named = known_to_apps.map(|ended| Ok((change.entropy().uuid(now)?, ended)));
    let deliveries = named.collect::<Result<Vec<_>, Error>>()?;
    if !deliveries.is_empty() {
        logout_deliveries::enqueue(change.tx(), &deliveries, now).await?;
        change.tell_apps();
    }
    Ok(())
}

/// Ends what hangs on those sessions of an account that have just been revoked. Offline grants survive signing out;
/// they end when the account is stopped or its password is another one, and when an administrator ends everything.
pub async fn end_with_sessions(
    change: &mut Change<'_>,
    user: &UserId,
    all_of_them: Option<SignOutReason>,
) -> Result<(), Error> {
    let ends_offline = all_of_them.is_some_and(|reason| {
        use SignOutReason::{AccountClosed, AccountDeleted, EndedByAdmin, PasswordChanged};
        matches!(reason, AccountClosed | AccountDeleted | EndedByAdmin | PasswordChanged)
    });
    end(change, Ending::WithSessionsOf(user), RevocationReason::SessionEnded).await?;
    if ends_offline {
        end(change, Ending::AllOf(user), RevocationReason::AccountChanged).await?;
    }
    Ok(())
}

/// Ends one grant with its access tokens. The client session goes on, for it may have other grants. Whether the grant was
/// live until now.
pub async fn end_grant(
    change: &mut Change<'_>,
    grant: &GrantRecord,
    reason: RevocationReason,
) -> Result<bool, Error> {
    let now = change.context.now;
    if !grants::revoke(change.tx(), &grant.id, now, reason).await? {
        return Ok(false);
    }
    let refused = Invalidation::SessionRevoked(SessionId::of_grant(&grant.id));
    change.invalidate(refused, now + LONGEST_CLIENT_TOKEN);
    let detail = serde_json::json!({ "client": grant.client.as_str(), "reason": reason.as_str() });
    change.record(Event::new(EventKind::GrantRevoked).about(&grant.user).with(detail)).await?;
    Ok(true)
}

/// Ends the client sessions of sessions that have expired: an app must not stay signed in for longer than its user.
/// Returns how many.
pub async fn end_expired(state: &AppState, now: Timestamp) -> Result<usize, Error> {
    let client = ClientInfo::program();
    let mut ended = 0;
    loop {
        let mut change = Change::begin(state, ActionContext { now, client: &client }).await?;
        let batch = end(&mut change, Ending::Expired(BATCH), RevocationReason::SessionEnded).await?.len();
        if batch == 0 {
            return Ok(ended);
        }
        change.commit().await?;
        ended += batch;
    }
}
