//! Many sessions at once: read with their accounts, and written when they were used.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    StoreError, Tx,
    by_ids::{Dialects, Found, change, rows},
    postgres,
    sessions::{SessionRecord, SessionRow, signed},
    sqlite,
    users::{JoinedUser, User},
};
use crate::server::clock::Timestamp;

/// A session with its account.
pub type SessionOfUser = (SessionRecord, User);

#[derive(Clone, FromRow)]
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
    const READ: Dialects = Dialects { sqlite: sqlite::sessions::READ, postgres: postgres::sessions::READ };

    fn id(&self) -> &str {
        &self.session.id
    }
}

const LOCK: Dialects = Dialects { sqlite: sqlite::sessions::READ, postgres: postgres::sessions::LOCK };
const ADVANCE: Dialects =
    Dialects { sqlite: sqlite::sessions::ADVANCE, postgres: postgres::sessions::ADVANCE };

/// Those of these ids that there are, held for this transaction.
pub async fn lock(tx: &mut Tx, ids: &[&str]) -> Result<HashMap<String, SessionOfUserRow>, sqlx::Error> {
    rows(tx, LOCK, ids).await
}

/// Writes the states that refreshes have led to, each if its row still is at the generation that it was read with. So
/// two rotations of one generation cannot both happen.
pub async fn advance(tx: &mut Tx, sessions: &[(u64, &SessionRecord)]) -> Result<(), StoreError> {
    if sessions.is_empty() {
        return Ok(());
    }
    let rows = sessions.iter().map(|(from, session)| advanced(*from, session));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let changed = change(tx, ADVANCE, &rows).await?;
    if usize::try_from(changed).is_ok_and(|changed| changed == sessions.len()) {
        Ok(())
    } else {
        let ids: Vec<_> = sessions.iter().map(|(_, session)| session.id.as_str()).collect();
        Err(StoreError::Conflict { table: "sessions", row: ids.join(" or ") })
    }
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
