//! Which sessions their owner may not expect: the first on a device or in a network.

use std::collections::HashMap;

use crate::{
    model::{
        id::{SessionId, UserId},
        session::SessionSummary,
    },
    server::{
        client_info::{device::device_name, network::Network},
        error::Error,
        state::AppState,
        store::{
            Queryable,
            audit::{self, EventFilter, EventKind, EventRecord},
            sessions::SessionRecord,
        },
    },
};

/// Sign-ins that are looked at, the newest: what was longer ago counts as never.
const HISTORY: i64 = 200;

/// Marks those of a person's sessions that were started on a device, or in a network, from which no sign-in came
/// before. The very first sign-in is no surprise.
pub async fn mark(
    db: &mut impl Queryable,
    user: &UserId,
    sessions: &mut [SessionSummary],
) -> Result<(), Error> {
    let history = sign_ins(db, user).await?;
    let mut devices = HashMap::new();
    for sign_in in &history {
        devices.entry(sign_in.user_agent.as_str()).or_insert_with_key(|agent| device_name(agent));
    }
    for session in sessions {
        let Some(before) = before(&history, &session.id) else { continue };
        let network = network(&session.ip);
        session.new_device =
            before.iter().all(|sign_in| devices.get(sign_in.user_agent.as_str()) != Some(&session.device));
        session.new_network = before.iter().all(|sign_in| self::network(&sign_in.ip) != network);
    }
    Ok(())
}

/// Whether a session that was just started is the first on its device, which its owner is told by mail. Nobody is told
/// where no mail is sent, and nothing is read then.
pub async fn is_new_device(
    state: &AppState,
    db: &mut impl Queryable,
    session: &SessionRecord,
) -> Result<bool, Error> {
    if state.config.mail.is_none() {
        return Ok(false);
    }
    let history = sign_ins(db, &session.user_id).await?;
    let device = device_name(&session.user_agent);
    let is_new =
        |before: &[EventRecord]| before.iter().all(|sign_in| device_name(&sign_in.user_agent) != device);
    Ok(before(&history, &session.id).is_some_and(is_new))
}

/// The newest sign-ins of a person.
async fn sign_ins(db: &mut impl Queryable, user: &UserId) -> Result<Vec<EventRecord>, Error> {
    let filter = EventFilter {
        event: Some(EventKind::SignedIn.as_str().to_owned()),
        person: Some(user.clone()),
        from: 0,
    };
    Ok(audit::newest(db, &filter, i64::MAX, HISTORY).await?)
}

/// The sign-ins before the one that started this session, if there were any.
fn before<'a>(history: &'a [EventRecord], session: &SessionId) -> Option<&'a [EventRecord]> {
    let start = history.iter().position(|sign_in| sign_in.session_id.as_deref() == Some(session.as_str()))?;
    history.get(start + 1..).filter(|before| !before.is_empty())
}

fn network(ip: &str) -> Option<Network> {
    ip.parse().ok().map(Network::of)
}
