//! Reading the audit log.

pub mod statistics;

use std::collections::BTreeMap;

use super::{
    client_info::device::device_name,
    clock::Timestamp,
    cursor::{limit, one_more, page_of},
    error::Error,
    state::AppState,
    store::audit::{self, EventFilter, EventKind, EventRecord},
};
use crate::model::{
    audit_event::{AuditEvent, AuditParty},
    id::UserId,
    page::Page,
};

/// What is asked of the log, as it was typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilterParams<'a> {
    pub event: Option<&'a str>,
    pub user_id: Option<&'a str>,
    /// From this moment on, RFC 3339 or a day.
    pub from: Option<&'a str>,
    /// Up to this moment.
    pub to: Option<&'a str>,
}

/// A question, understood: a filter, and the id below which events are wanted.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    filter: EventFilter,
    below: i64,
    /// The question as text: cursors are good for this one alone.
    list: String,
    /// Who asks about themselves. Where somebody else was when they did something is not theirs to know.
    reader: Option<UserId>,
}

/// What stands for the device of somebody else who acted on one's account.
const SOMEBODY_ELSE: &str = "An administrator";

impl AuditFilterParams<'_> {
    /// Understands the question, or names the field that can't be.
    pub async fn parse(self, state: &AppState) -> Result<AuditQuery, Error> {
        let event = some(self.event).map(known_event).transpose()?;
        let person = some(self.user_id)
            .map(UserId::parse)
            .transpose()
            .map_err(|_| Error::invalid("user_id", "This is not a valid account ID."))?;
        let mut reader = state.store.read().await?;
        let from = match some(self.from).map(|text| moment("from", text)).transpose()? {
            // No event since then: none is wanted.
            Some(moment) => audit::first_id_since(&mut reader, moment).await?.unwrap_or(i64::MAX),
            None => 0,
        };
        let below = match some(self.to).map(|text| moment("to", text)).transpose()? {
            Some(moment) => audit::first_id_since(&mut reader, moment).await?.unwrap_or(i64::MAX),
            None => i64::MAX,
        };
        let [event_text, user, since, until] =
            [self.event, self.user_id, self.from, self.to].map(Option::unwrap_or_default);
        let list = format!("audit {event_text} {user} {since} {until}");
        Ok(AuditQuery { filter: EventFilter { event, person, from }, below, list, reader: None })
    }
}

impl AuditQuery {
    /// All that concerns one person, for that person.
    pub fn of(person: &UserId) -> Self {
        let filter = EventFilter { person: Some(person.clone()), ..EventFilter::default() };
        let list = format!("activity {person}");
        Self { filter, below: i64::MAX, list, reader: Some(person.clone()) }
    }

    /// Of those, the ones of one kind.
    #[must_use]
    pub fn only(mut self, kind: EventKind) -> Self {
        self.filter.event = Some(kind.as_str().to_owned());
        self
    }

    /// The newest, `most` of them at the most.
    pub async fn newest(&self, state: &AppState, most: usize) -> Result<Vec<AuditEvent>, Error> {
        let mut events = self.before(state, self.below, most).await?;
        events.truncate(most);
        Ok(events)
    }

    /// One page, the newest first.
    pub async fn page(
        &self,
        state: &AppState,
        cursor: Option<&str>,
        asked: Option<&str>,
    ) -> Result<Page<AuditEvent>, Error> {
        let limit = limit(asked)?;
        let before = match state.cursors.read(&self.list, cursor)? {
            Some(position) => position.parse().map_err(|_| Error::InvalidCursor)?,
            None => self.below,
        };
        let found = self.before(state, before, limit).await?;
        let (items, next_cursor) =
            page_of(found, limit, |event| state.cursors.write(&self.list, &event.id.to_string()));
        Ok(Page { items, next_cursor })
    }

    /// Events below an id, one more than `limit`.
    async fn before(&self, state: &AppState, before: i64, limit: usize) -> Result<Vec<AuditEvent>, Error> {
        let mut reader = state.store.read().await?;
        let records = audit::newest(&mut reader, &self.filter, before, one_more(limit)).await?;
        Ok(records.into_iter().map(|record| self.show(record)).collect())
    }

    fn show(&self, record: EventRecord) -> AuditEvent {
        let event = AuditEvent::from(record);
        let Some(reader) = &self.reader else { return event };
        let by_somebody_else = event.actor.as_ref().is_some_and(|actor| actor.id != reader.as_str());
        if by_somebody_else {
            AuditEvent { ip: String::new(), device: SOMEBODY_ELSE.to_owned(), ..event }
        } else {
            event
        }
    }

    /// The next piece of an export, newest first, and where the one after it begins.
    pub async fn export(
        &self,
        state: &AppState,
        before: Option<i64>,
    ) -> Result<(Vec<AuditEvent>, Option<i64>), Error> {
        const PIECE: usize = 1000;
        let mut events = self.before(state, before.unwrap_or(self.below), PIECE).await?;
        let more = events.len() > PIECE;
        events.truncate(PIECE);
        let next = events.last().filter(|_| more).map(|event| event.id);
        Ok((events, next))
    }
}

/// A field that was left empty was left out.
fn some(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn known_event(name: &str) -> Result<String, Error> {
    let known = EventKind::ALL.iter().any(|kind| kind.as_str() == name);
    if known { Ok(name.to_owned()) } else { Err(Error::invalid("event", "There is no event of this name.")) }
}

fn moment(field: &'static str, text: &str) -> Result<Timestamp, Error> {
    let day = format!("{text}T00:00:00Z");
    Timestamp::parse(text).or_else(|| Timestamp::parse(&day)).ok_or_else(|| {
        Error::invalid(field, "Enter a date like 2026-11-22, or a time like 2026-11-22T08:30:00Z.")
    })
}

impl From<EventRecord> for AuditEvent {
    fn from(record: EventRecord) -> Self {
        let involved = |id: Option<String>, email: Option<String>| id.map(|id| AuditParty { id, email });
        Self {
            id: record.id,
            at: record.at.to_utc(),
            event: record.event,
            actor: involved(record.actor_id, record.actor_email),
            subject: involved(record.subject_id, record.subject_email),
            session_id: record.session_id,
            ip: record.ip,
            device: device_name(&record.user_agent),
            request_id: record.request_id,
            detail: flatten(&record.detail),
        }
    }
}

/// The detail's members as text.
fn flatten(detail: &str) -> BTreeMap<String, String> {
    let members: BTreeMap<String, serde_json::Value> = serde_json::from_str(detail).unwrap_or_default();
    let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.into_iter().map(|(name, value)| (name, text(value))).collect()
}
