//! The audit log's rows.

use sqlx::query;

use super::{StoreError, Tx, on_db, statements};
use crate::{
    model::id::{SessionId, UserId},
    server::{audit::Event, clock::Timestamp, origin::Origin},
};

statements! {
    INSERT = "INSERT INTO audit_events (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

pub async fn insert(tx: &mut Tx, now: Timestamp, origin: &Origin, event: &Event) -> Result<(), StoreError> {
    on_db!(tx, |c| {
        query(INSERT)
            .bind(now)
            .bind(event.kind.as_str())
            .bind(event.actor.as_ref().map(UserId::as_str))
            .bind(event.subject.as_ref().map(UserId::as_str))
            .bind(event.session.as_ref().map(SessionId::as_str))
            .bind(&origin.ip)
            .bind(&origin.user_agent)
            .bind(&origin.request_id)
            .bind(event.detail.to_string())
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// The names of all events that requests have caused, oldest first.
#[cfg(test)]
pub async fn all_event_names(store: &super::Store) -> Vec<String> {
    let mut reader = store.read().await.unwrap();
    on_db!(&mut reader, |c| sqlx::query_scalar(
        "SELECT event FROM audit_events WHERE request_id <> '' ORDER BY id"
    )
    .fetch_all(c)
    .await)
    .unwrap()
}
