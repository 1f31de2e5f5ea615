//! Clients that have yet to be told that a session has ended: written in the transaction that ends it.

use std::time::Duration;

use serde_json::json;
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Dialects, change},
    client_sessions::ClientSession,
    corrupt, execute, fetch_all, postgres, sqlite, statements,
};
use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        id::{ClientSessionId, UserId},
        oauth::client_id::ClientId,
    },
    server::clock::Timestamp,
};

/// A client that one server is telling.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    pub client: ClientId,
    /// Where, as it was registered when the session ended.
    pub uri: String,
    /// What its ID tokens are signed with.
    pub algorithm: ClientAlgorithm,
    pub user: UserId,
    pub sid: ClientSessionId,
    /// How often it was tried before.
    pub attempts: i64,
    claimed_until: Timestamp,
}

/// Without the address: it may hold a secret of the app's.
impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").field("id", &self.id).field("client", &self.client).finish_non_exhaustive()
    }
}

#[derive(FromRow)]
struct DeliveryRow {
    id: String,
    client_id: String,
    uri: String,
    algorithm: String,
    user_id: String,
    sid: String,
    attempts: i64,
    claimed_until: Timestamp,
}

const TABLE: &str = "logout_deliveries";

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;
    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        Ok(Self {
            client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, &row.id))?,
            algorithm: ClientAlgorithm::parse(&row.algorithm).map_err(corrupt(TABLE, &row.id))?,
            user: UserId::parse(&row.user_id).map_err(corrupt(TABLE, &row.id))?,
            sid: ClientSessionId::parse(&row.sid).map_err(corrupt(TABLE, &row.id))?,
            uri: row.uri,
            attempts: row.attempts,
            claimed_until: row.claimed_until,
            id: row.id,
        })
    }
}

/// Those that are neither done nor given up.
macro_rules! open {
    () => {
        "done_at IS NULL AND given_up_at IS NULL"
    };
}

/// Those of them whose time has come, and that nobody delivers now.
macro_rules! due {
    () => {
        concat!(open!(), " AND next_attempt_at <= $1 AND claimed_until <= $1")
    };
}

statements! {
    /// From one client to the next by the index, however many deliveries each has.
    CLIENTS_DUE = concat!("WITH RECURSIVE clients (id) AS (
                               SELECT min(client_id) FROM logout_deliveries WHERE ", open!(), "
                               UNION ALL
                               SELECT (SELECT min(client_id) FROM logout_deliveries WHERE ", open!(), " AND client_id > clients.id)
                               FROM clients WHERE clients.id IS NOT NULL)
                           SELECT id FROM clients WHERE EXISTS
                           (SELECT 1 FROM logout_deliveries WHERE client_id = clients.id AND ", due!(), ")");
    /// The condition stands twice: whoever waited for a row that another server has claimed meanwhile asks again.
    CLAIM = concat!("UPDATE logout_deliveries SET claimed_until = $2 WHERE ", due!(), " AND id IN
                     (SELECT id FROM logout_deliveries WHERE client_id = $4 AND ", due!(), "
                      ORDER BY next_attempt_at, id LIMIT $3)
                     RETURNING id, client_id, uri, algorithm, user_id, sid, attempts, claimed_until");
    /// Not if another server has claimed it because this one took too long.
    DONE = "UPDATE logout_deliveries SET done_at = $3, attempts = attempts + 1, claimed_until = 0
            WHERE id = $1 AND claimed_until = $2";
    RETRY = "UPDATE logout_deliveries SET next_attempt_at = $3, attempts = attempts + 1, claimed_until = 0
             WHERE id = $1 AND claimed_until = $2";
    GIVE_UP = "UPDATE logout_deliveries SET given_up_at = $3, attempts = attempts + 1, claimed_until = 0
               WHERE id = $1 AND claimed_until = $2";
    DELETE_ENDED = "DELETE FROM logout_deliveries WHERE id IN
                    (SELECT id FROM logout_deliveries WHERE done_at < $1 OR given_up_at < $1 LIMIT $2)";
}

const ENQUEUE: Dialects = Dialects { sqlite: sqlite::endings::ENQUEUE, postgres: postgres::endings::ENQUEUE };

/// Has clients told that these sessions of them have ended, those that want to be told. Each comes with the id of its
/// delivery.
pub async fn enqueue(
    tx: &mut Tx,
    ended: &[(String, &ClientSession)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = |(id, session): &(String, &ClientSession)| {
        let ClientSession { id: sid, client, user, .. } = session;
        json!([id, client.as_str(), user.as_str(), sid.as_str(), now.millis()])
    };
    change(tx, ENQUEUE, &ended.iter().map(row).collect::<Vec<_>>()).await?;
    Ok(())
}

/// The clients for which something is due. It only reads: it is asked every second.
pub async fn clients_due(db: &mut impl Queryable, now: Timestamp) -> Result<Vec<ClientId>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(db, CLIENTS_DUE, now)?;
    rows.into_iter().map(|(id,)| ClientId::parse(&id).map_err(corrupt(TABLE, &id))).collect()
}

/// Takes up to `limit` of those that are due for a client. Until `time` has passed no other server takes them.
pub async fn claim(
    tx: &mut Tx,
    client: &ClientId,
    now: Timestamp,
    time: Duration,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<DeliveryRow> = fetch_all!(tx, CLAIM, now, now + time, limit, client.as_str())?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(Timestamp),
    /// It is tried again at this time.
    Retry(Timestamp),
    GivenUp(Timestamp),
}

/// Notes what became of a delivery, if it is still this server's.
pub async fn settle(tx: &mut Tx, delivery: &Delivery, outcome: Outcome) -> Result<(), StoreError> {
    let (id, claim) = (delivery.id.as_str(), delivery.claimed_until);
    match outcome {
        Outcome::Done(at) => execute!(tx, DONE, id, claim, at)?,
        Outcome::Retry(at) => execute!(tx, RETRY, id, claim, at)?,
        Outcome::GivenUp(at) => execute!(tx, GIVE_UP, id, claim, at)?,
    };
    Ok(())
}

/// Deletes `limit` at the most that were done or given up before `before`. Returns how many.
pub async fn delete_ended(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_ENDED, before, limit)?)
}

/// Which client is told of which session, oldest first.
#[cfg(test)]
pub async fn all(store: &super::Store) -> Vec<(String, String)> {
    let mut reader = store.read().await.unwrap();
    super::on_db!(&mut reader, |c| sqlx::query_as("SELECT client_id, sid FROM logout_deliveries ORDER BY id")
        .fetch_all(c)
        .await)
    .unwrap()
}

/// How often it was tried, and whether it is done or given up, oldest first.
#[cfg(test)]
pub async fn states(store: &super::Store) -> Vec<(i64, bool, bool)> {
    let mut reader = store.read().await.unwrap();
    super::on_db!(&mut reader, |c| sqlx::query_as(
        "SELECT attempts, done_at IS NOT NULL, given_up_at IS NOT NULL FROM logout_deliveries ORDER BY id"
    )
    .fetch_all(c)
    .await)
    .unwrap()
}
