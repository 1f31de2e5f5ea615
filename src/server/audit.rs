//! The audit log: who did what to whom, from where. An event is written in the transaction of what it tells of.

pub mod read;

use serde_json::{Value, json};

use super::{
    origin::Context,
    store::{StoreError, Tx, audit},
};
pub use crate::model::audit_event::EventKind;
use crate::model::{
    id::{SessionId, UserId},
    session::SignOutReason,
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

/// Writes an event.
pub async fn record(tx: &mut Tx, context: Context<'_>, event: Event) -> Result<(), StoreError> {
    audit::insert(tx, context.now, context.origin, &event).await
}
