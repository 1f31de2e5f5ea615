//! The audit log's rows.

use sqlx::{query, query_as, query_scalar};

use super::{Queryable, StoreError, Tx, on_db, row, statements};
use crate::{
    model::id::{SessionId, UserId},
    server::{audit::Event, clock::Timestamp, origin::Origin},
};

row! {
    /// An event as stored, with the addresses of those accounts that still are there.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct EventRecord {
        pub id: i64,
        pub at: Timestamp,
        pub event: String,
        pub actor_id: Option<String>,
        pub actor_email: Option<String>,
        pub subject_id: Option<String>,
        pub subject_email: Option<String>,
        pub session_id: Option<String>,
        pub ip: String,
        pub user_agent: String,
        pub request_id: String,
        pub detail: String,
    }
}

/// Which events are wanted: those between two ids, and of one kind, or of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub event: Option<String>,
    /// Whom it is about, or who did it.
    pub person: Option<UserId>,
    /// Ids at or above this one.
    pub from: i64,
}

macro_rules! events {
    ($events:expr) => {
        concat!(
            "SELECT e.id, e.at, e.event, e.actor_id, a.email AS actor_email, e.subject_id, s.email AS subject_email,
                    e.session_id, e.ip, e.user_agent, e.request_id, e.detail
             FROM (",
            $events,
            ") e LEFT JOIN users a ON a.id = e.actor_id LEFT JOIN users s ON s.id = e.subject_id
             ORDER BY e.id DESC LIMIT $3"
        )
    };
}

// Each takes ids below $1, at or above $2, and $3 at the most: the cost is that of one page, wherever it begins. The
// events of a person are two walks through two indexes, merged.
statements! {
    INSERT = "INSERT INTO audit_events (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ALL = events!("SELECT * FROM audit_events WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3");
    BY_EVENT = events!(
        "SELECT * FROM audit_events WHERE event = $4 AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3"
    );
    BY_PERSON = events!(
        "SELECT * FROM (SELECT * FROM audit_events WHERE subject_id = $4 AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3) x
         UNION SELECT * FROM (SELECT * FROM audit_events WHERE actor_id = $4 AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3) y"
    );
    BY_PERSON_AND_EVENT = events!(
        "SELECT * FROM (SELECT * FROM audit_events WHERE subject_id = $4 AND event = $5 AND id < $1 AND id >= $2
                        ORDER BY id DESC LIMIT $3) x
         UNION SELECT * FROM (SELECT * FROM audit_events WHERE actor_id = $4 AND event = $5 AND id < $1 AND id >= $2
                              ORDER BY id DESC LIMIT $3) y"
    );
    /// Ids are given out in the order of time, near enough that a bound in time is a bound of ids.
    FIRST_ID_SINCE = "SELECT id FROM audit_events WHERE at >= $1 ORDER BY at, id LIMIT 1";
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

/// Events below the id `before`, the newest first.
pub async fn newest(
    db: &mut impl Queryable,
    filter: &EventFilter,
    before: i64,
    limit: i64,
) -> Result<Vec<EventRecord>, StoreError> {
    let (from, person) = (filter.from, filter.person.as_ref().map(UserId::as_str));
    Ok(match (person, &filter.event) {
        (None, None) => on_db!(db, |c| query_as(ALL).bind(before).bind(from).bind(limit).fetch_all(c).await)?,
        (None, Some(event)) => on_db!(db, |c| query_as(BY_EVENT)
            .bind(before)
            .bind(from)
            .bind(limit)
            .bind(event)
            .fetch_all(c)
            .await)?,
        (Some(person), None) => on_db!(db, |c| query_as(BY_PERSON)
            .bind(before)
            .bind(from)
            .bind(limit)
            .bind(person)
            .fetch_all(c)
            .await)?,
        (Some(person), Some(event)) => on_db!(db, |c| {
            query_as(BY_PERSON_AND_EVENT)
                .bind(before)
                .bind(from)
                .bind(limit)
                .bind(person)
                .bind(event)
                .fetch_all(c)
                .await
        })?,
    })
}

/// The id of the first event at or after a moment; nothing if there is none.
pub async fn first_id_since(db: &mut impl Queryable, moment: Timestamp) -> Result<Option<i64>, StoreError> {
    Ok(on_db!(db, |c| query_scalar(FIRST_ID_SINCE).bind(moment).fetch_optional(c).await)?)
}

/// The names of all events that requests have caused, oldest first.
#[cfg(test)]
pub async fn all_event_names(store: &super::Store) -> Vec<String> {
    let mut reader = store.read().await.unwrap();
    on_db!(&mut reader, |c| query_scalar("SELECT event FROM audit_events WHERE request_id <> '' ORDER BY id")
        .fetch_all(c)
        .await)
    .unwrap()
}
