//! The audit log: who did what to whom, from where. An event is written in the transaction of what it tells of.

use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Change, Dialects},
    execute, fetch_all, fetch_optional_scalar, postgres, sqlite, statements,
};
pub use crate::model::audit_event::EventKind;
use crate::{
    model::{
        id::{SessionId, UserId},
        session::SignOutReason,
    },
    server::{client_info::ActionContext, clock::Timestamp},
};

/// One entry of the log.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: EventKind,
    /// Who did it. Nobody: somebody who is not signed in, or the command line.
    pub actor: Option<UserId>,
    /// Whose account it is about.
    pub subject: Option<UserId>,
    pub session: Option<SessionId>,
    /// More, as a JSON object; never a token, a password or what somebody typed in its place.
    pub detail: Value,
}

impl Event {
    pub fn new(kind: EventKind) -> Self {
        Self { kind, actor: None, subject: None, session: None, detail: json!({}) }
    }

    #[must_use]
    pub fn by(mut self, actor: &UserId) -> Self {
        self.actor = Some(actor.clone());
        self
    }

    /// Done by that user, or by a command.
    #[must_use]
    pub fn maybe_by(self, actor: Option<&UserId>) -> Self {
        Self { actor: actor.cloned(), ..self }
    }

    #[must_use]
    pub fn about(mut self, subject: &UserId) -> Self {
        self.subject = Some(subject.clone());
        self
    }

    #[must_use]
    pub fn of(mut self, session: &SessionId) -> Self {
        self.session = Some(session.clone());
        self
    }

    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Adds why a session ended to the detail.
    #[must_use]
    pub fn because(mut self, reason: SignOutReason) -> Self {
        if let Value::Object(detail) = &mut self.detail {
            detail.insert("reason".to_owned(), json!(reason.as_str()));
        }
        self
    }
}

/// An event as stored, with the addresses of those accounts that still are there.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
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

/// Where a sign-in came from.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Origin {
    pub user_agent: String,
    pub ip: String,
}

/// How often something happened on one day.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct DailyCount {
    /// Days since 1970-01-01 in UTC.
    pub day: i64,
    pub event: String,
    pub count: i64,
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
// events of a person are two walks through two indexes, merged: those about them, and those by them about others.
statements! {
    ALL = events!("SELECT * FROM audit_events WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3");
    BY_EVENT = events!(
        "SELECT * FROM audit_events WHERE event = $4 AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3"
    );
    BY_PERSON = events!(
        "SELECT * FROM (SELECT * FROM audit_events WHERE subject_id = $4 AND id < $1 AND id >= $2
                        ORDER BY id DESC LIMIT $3) x
         UNION ALL
         SELECT * FROM (SELECT * FROM audit_events WHERE actor_id = $4 AND subject_id IS DISTINCT FROM actor_id
                            AND id < $1 AND id >= $2
                        ORDER BY id DESC LIMIT $3) y"
    );
    BY_PERSON_AND_EVENT = events!(
        "SELECT * FROM (SELECT * FROM audit_events WHERE subject_id = $4 AND event = $5 AND id < $1 AND id >= $2
                        ORDER BY id DESC LIMIT $3) x
         UNION ALL
         SELECT * FROM (SELECT * FROM audit_events WHERE actor_id = $4 AND subject_id IS DISTINCT FROM actor_id
                            AND event = $5 AND id < $1 AND id >= $2
                        ORDER BY id DESC LIMIT $3) y"
    );
    /// The condition on the kind is the index's, word for word: it answers without looking at any other event.
    DAILY_COUNTS = "SELECT at / 86400000 AS day, event, COUNT(*) AS count FROM audit_events
                    WHERE event IN ('account_created', 'sign_in_failed', 'refresh_token_reused') AND at >= $1
                    GROUP BY at / 86400000, event";
    /// As [`DAILY_COUNTS`] by the condition on the kind, so here and in what the overview reads.
    SIGN_IN_ORIGINS = "SELECT DISTINCT user_agent, ip FROM (
                           SELECT user_agent, ip FROM audit_events
                           WHERE subject_id = $1 AND event IN ('signed_in', 'sign_in_failed') AND event = 'signed_in'
                           ORDER BY id DESC LIMIT $2) newest";
    SET_RETENTION = "UPDATE audit_retention SET deletable_before = $1";
    DELETE_BEFORE = "DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE at < $1 ORDER BY at LIMIT $2)";
    /// Ids are given out in the order of time, near enough that a bound in time is a bound of ids.
    FIRST_ID_SINCE = "SELECT id FROM audit_events WHERE at >= $1 ORDER BY at, id LIMIT 1";
}

/// Longest detail that is kept, in bytes. Ours have a few hundred; the log must not be a place to store things in.
const MAX_DETAIL: usize = 2048;

const INSERT: Dialects = Dialects { sqlite: sqlite::INSERT_EVENTS, postgres: postgres::INSERT_EVENTS };

/// Writes an event.
pub async fn record(tx: &mut Tx, context: ActionContext<'_>, event: &Event) -> Result<(), StoreError> {
    record_all(tx, &[(context, event)]).await
}

/// Writes events, in this order.
pub async fn record_all(tx: &mut Tx, events: &[(ActionContext<'_>, &Event)]) -> Result<(), StoreError> {
    recording(events).make(tx).await?;
    Ok(())
}

/// The same, to be committed with other changes.
pub fn recording(events: &[(ActionContext<'_>, &Event)]) -> Change {
    let rows: Vec<_> = events.iter().map(|(context, event)| inserted(*context, event)).collect();
    Change::new(INSERT, &rows)
}

/// The values of [`INSERT`], in its order.
fn inserted(context: ActionContext<'_>, event: &Event) -> Value {
    let ActionContext { now, client } = context;
    json!([
        now.millis(),
        event.kind.as_str(),
        event.actor.as_ref().map(UserId::as_str),
        event.subject.as_ref().map(UserId::as_str),
        event.session.as_ref().map(SessionId::as_str),
        client.ip,
        client.user_agent,
        client.request_id,
        detail(event),
    ])
}

fn detail(event: &Event) -> String {
    let detail = event.detail.to_string();
    if detail.len() <= MAX_DETAIL {
        return detail;
    }
    tracing::warn!(event = event.kind.as_str(), bytes = detail.len(), "the detail of an event is left out");
    json!({ "left_out_bytes": detail.len() }).to_string()
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
        (None, None) => fetch_all!(db, ALL, before, from, limit)?,
        (None, Some(event)) => fetch_all!(db, BY_EVENT, before, from, limit, event)?,
        (Some(person), None) => fetch_all!(db, BY_PERSON, before, from, limit, person)?,
        (Some(person), Some(event)) => {
            fetch_all!(db, BY_PERSON_AND_EVENT, before, from, limit, person, event)?
        }
    })
}

/// New accounts, failed sign-ins and detected reuse since a moment, by day.
pub async fn daily_counts(db: &mut impl Queryable, since: Timestamp) -> Result<Vec<DailyCount>, StoreError> {
    Ok(fetch_all!(db, DAILY_COUNTS, since)?)
}

/// Where the newest sign-ins of a person came from, each place once.
pub async fn sign_in_origins(
    db: &mut impl Queryable,
    user: &UserId,
    limit: i64,
) -> Result<Vec<Origin>, StoreError> {
    Ok(fetch_all!(db, SIGN_IN_ORIGINS, user.as_str(), limit)?)
}

/// The id of the first event at or after a moment; nothing if there is none.
pub async fn first_id_since(db: &mut impl Queryable, moment: Timestamp) -> Result<Option<i64>, StoreError> {
    Ok(fetch_optional_scalar!(db, FIRST_ID_SINCE, moment)?)
}

/// Deletes `limit` events from before a moment at the most. Returns how many. The database refuses to delete any other:
/// the log is append-only.
pub async fn delete_before(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    execute!(tx, SET_RETENTION, before)?;
    Ok(execute!(tx, DELETE_BEFORE, before, limit)?)
}

/// The names of all events that requests have caused, oldest first.
#[cfg(test)]
pub async fn all_event_names(store: &super::Store) -> Vec<String> {
    let mut reader = store.read().await.unwrap();
    super::on_db!(&mut reader, |c| sqlx::query_scalar(
        "SELECT event FROM audit_events WHERE request_id <> '' ORDER BY id"
    )
    .fetch_all(c)
    .await)
    .unwrap()
}
