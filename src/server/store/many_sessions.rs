//! Many sessions at once: read with their accounts, and written when they were used.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    Durability, Store, StoreError, Tx,
    by_ids::{self, Change, Dialects, Found},
    postgres,
    sessions::{SessionRecord, SessionRow, signed},
    sqlite,
    users::{JoinedUser, User},
};
use crate::server::clock::Timestamp;

/// A session with its account.
pub type SessionOfUser = (SessionRecord, User);

#[derive(Clone, FromRow, Deserialize)]
pub struct SessionOfUserRow {
    #[sqlx(flatten)]
    session: SessionRow,
    #[sqlx(flatten)]
    user: JoinedUser,
}

impl TryFrom<SessionOfUserRow> for SessionOfUser {
    type Error = StoreError;
    fn try_from(row: SessionOfUserRow) -> Result<Self, StoreError> {
        let user = row.user.of(row.session.user_id.clone())?;
        Ok((row.session.try_into()?, user))
    }
}

impl Found for SessionOfUserRow {
    type Record = SessionOfUser;
    const READ: Dialects = Dialects { sqlite: sqlite::json::SESSIONS, postgres: postgres::sessions::READ };

    fn id(&self) -> &str {
        &self.session.id
    }
}

const LOCK: Dialects = Dialects { sqlite: sqlite::json::SESSIONS, postgres: postgres::sessions::LOCK };
const ADVANCE: Dialects =
    Dialects { sqlite: sqlite::sessions::ADVANCE, postgres: postgres::sessions::ADVANCE };

/// Begins a transaction that holds those of these ids that there are.
pub async fn begin_with(
    store: &Store,
    ids: &[&str],
) -> Result<(Tx, HashMap<String, SessionOfUserRow>), StoreError> {
    by_ids::begin_with(store, Durability::Full, LOCK, ids).await
}

/// Writes the states that refreshes have led to, each if its row still is at the generation that it was read with. So
/// two rotations of one generation cannot both happen.
pub async fn advance(tx: &mut Tx, sessions: &[(u64, &SessionRecord)]) -> Result<(), StoreError> {
    advancing(sessions)?.make(tx).await?;
    Ok(())
}

/// The same, to be committed with other changes.
pub fn advancing(sessions: &[(u64, &SessionRecord)]) -> Result<Change, StoreError> {
    let rows = sessions.iter().map(|(from, session)| advanced(*from, session));
    Ok(Change::of_all(ADVANCE, "sessions", &rows.collect::<Result<Vec<_>, _>>()?))
}

/// The values of [`ADVANCE`], in its order.
fn advanced(from: u64, session: &SessionRecord) -> Result<Value, StoreError> {
    Ok(json!([
        session.id.as_str(),
        signed(session, from)?,
        signed(session, session.generation)?,
        u8::from(session.confirmed),
        session.rotated_at.millis(),
        session.last_seen_at.millis(),
        session.idle_expires_at.millis(),
        session.token_kid,
        session.token_expires_at.millis(),
        session.user_agent,
        session.ip,
        session.authenticated_at.millis(),
        session.authenticated_before.map(Timestamp::millis),
        session.replaced_at.map(Timestamp::millis),
        session.methods.to_string(),
        session.methods_before.map(|methods| methods.to_string()),
    ]))
}
