//! What the owner of an account sees first, for many at once. A session on a new device is worth a look for a week, and a
//! hundred failed attempts are counted at the most.

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    StoreError,
    by_ids::{Dialects, Found},
    corrupt,
    sqlite::json::json_object,
};
use crate::{
    model::{
        id::SessionId,
        overview::{Overview, SignIn},
    },
    server::{client_info::device::device_name, clock::Timestamp},
};

/// The question: the session that asks, and when. Its text is what [`OverviewRow`] is found by.
pub fn question(session: &SessionId, now: Timestamp) -> String {
    format!("{session} {}", now.millis())
}

#[derive(Clone, FromRow, Deserialize)]
pub struct OverviewRow {
    question: String,
    sessions: i64,
    unusual_sessions: i64,
    failed_sign_ins: i64,
    last_at: Option<Timestamp>,
    last_user_agent: Option<String>,
    last_ip: Option<String>,
}

impl TryFrom<OverviewRow> for Overview {
    type Error = StoreError;
    fn try_from(row: OverviewRow) -> Result<Self, StoreError> {
        let count = |count: i64| usize::try_from(count).map_err(corrupt("sessions", &row.question));
        let last = row.last_at.zip(row.last_user_agent).zip(row.last_ip);
        Ok(Self {
            last_sign_in: last.map(|((at, user_agent), ip)| SignIn {
                at: at.to_utc(),
                device: device_name(&user_agent),
                ip,
            }),
            failed_sign_ins: count(row.failed_sign_ins)?,
            sessions: count(row.sessions)?,
            unusual_sessions: count(row.unusual_sessions)?,
        })
    }
}

/// Sessions of the same account that have not ended when the question is asked.
macro_rules! count_sessions {
    ($which:literal) => {
        concat!(
            "(SELECT count(*) FROM sessions l WHERE l.user_id = s.user_id AND l.revoked_at IS NULL
                  AND l.idle_expires_at > CAST(substr(q.value, 38) AS BIGINT)
                  AND l.absolute_expires_at > CAST(substr(q.value, 38) AS BIGINT)",
            $which,
            ")"
        )
    };
}

/// The statement of both databases, which turn an array into rows each in its way. What is counted is counted by itself: to
/// join and group would make tables in memory. The condition on the kinds of events is the index's, word for
/// word. It comes after the kind that is wanted, or SQLite would rather look through all events of the account.
macro_rules! overviews {
    ($questions:literal, $join:literal) => {
        concat!(
            "SELECT q.value AS question, ",
            count_sessions!(""),
            " AS sessions, ",
            count_sessions!(
                " AND l.new_device AND l.id <> s.id
                  AND l.created_at >= CAST(substr(q.value, 38) AS BIGINT) - 604800000"
            ),
            " AS unusual_sessions,
                last.at AS last_at, last.user_agent AS last_user_agent, last.ip AS last_ip,
                (SELECT count(*) FROM (
                    SELECT 1 FROM audit_events f
                    WHERE f.subject_id = s.user_id AND f.event = 'sign_in_failed'
                        AND f.event IN ('signed_in', 'sign_in_failed') AND f.id > coalesce(last.id, 0)
                    LIMIT 100) failed) AS failed_sign_ins
             FROM ",
            $questions,
            " ",
            $join,
            " sessions s ON s.id = substr(q.value, 1, 36)
             LEFT JOIN audit_events last ON last.id = (
                SELECT e.id FROM audit_events e
                WHERE e.subject_id = s.user_id AND e.event = 'signed_in'
                    AND e.event IN ('signed_in', 'sign_in_failed') AND e.session_id IS DISTINCT FROM s.id
                ORDER BY e.id DESC LIMIT 1)"
        )
    };
}

impl Found for OverviewRow {
    type Record = Overview;
    const READ: Dialects = Dialects {
        sqlite: concat!(
            "SELECT json_group_array(",
            json_object!(
                "o": question, sessions, unusual_sessions, failed_sign_ins, last_at, last_user_agent, last_ip
            ),
            ") FROM (",
            overviews!("json_each(?) q", "CROSS JOIN"),
            ") o"
        ),
        postgres: overviews!("json_array_elements_text($1::json) q(value)", "JOIN"),
    };

    fn id(&self) -> &str {
        &self.question
    }
}
