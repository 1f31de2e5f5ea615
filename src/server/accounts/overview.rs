//! What the owner of an account sees first.

use std::time::Duration;

use crate::{
    model::{
        audit_event::AuditEvent,
        overview::{Overview, SignIn},
    },
    server::{
        audit_log::AuditQuery, clock::Timestamp, error::Error, principal::Principal, sessions::own,
        state::AppState, store::audit::EventKind,
    },
};

/// Failed attempts that are counted at the most.
const MOST: usize = 100;
/// How long a session on a new device is worth a look.
const LATELY: Duration = Duration::from_secs(7 * 86_400);

pub async fn overview(state: &AppState, now: Timestamp, principal: &Principal) -> Result<Overview, Error> {
    let sessions = own::list(state, now, &principal.user, Some(&principal.session)).await?;
    let lately = (now - LATELY).to_utc();
    let is_unusual = |session: &&_| {
        let session: &crate::model::session::SessionSummary = session;
        session.new_device && !session.current && session.created_at >= lately
    };
    let events = AuditQuery::of(&principal.user);
    let sign_ins = events.clone().only(EventKind::SignedIn, 0).newest(state, 2).await?;
    let last =
        sign_ins.into_iter().find(|event| event.session_id.as_deref() != Some(principal.session.as_str()));
    let since = last.as_ref().map_or(0, |event| event.id);
    let failed = events.only(EventKind::SignInFailed, since).newest(state, MOST).await?;
    Ok(Overview {
        last_sign_in: last.map(|AuditEvent { at, device, ip, .. }| SignIn { at, device, ip }),
        failed_sign_ins: failed.len(),
        sessions: sessions.len(),
        unusual_sessions: sessions.iter().filter(is_unusual).count(),
    })
}
