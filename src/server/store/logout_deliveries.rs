//! Clients that have yet to be told that a session has ended: written in the transaction that ends it.

use std::time::Duration;

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_all, fetch_scalar, statements};
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

/// Those that are neither done nor given up, whose time has come, and that nobody delivers now.
macro_rules! due {
    () => {
        "done_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= $1 AND claimed_until <= $1"
    };
}

statements! {
    /// Nothing for a client that does not want to be told.
    ENQUEUE = "INSERT INTO logout_deliveries (id, client_id, uri, algorithm, user_id, sid, created_at, next_attempt_at, attempts, claimed_until)
               SELECT $1, c.id, c.backchannel_logout_uri, c.id_token_alg, $3, $4, CAST($5 AS BIGINT), CAST($5 AS BIGINT), 0, 0
               FROM oauth_clients c WHERE c.id = $2 AND c.backchannel_logout_uri IS NOT NULL";
    ARE_DUE = concat!("SELECT EXISTS (SELECT 1 FROM logout_deliveries WHERE ", due!(), ")");
    /// The condition stands twice: whoever waited for a row that another server has claimed meanwhile asks again.
    CLAIM = concat!("UPDATE logout_deliveries SET claimed_until = $2 WHERE ", due!(), " AND id IN
                     (SELECT id FROM logout_deliveries WHERE ", due!(), " ORDER BY next_attempt_at, id LIMIT $3)
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

/// Has a client told that a session of it has ended, if it wants to be told.
pub async fn enqueue(
    tx: &mut Tx,
    id: &str,
    client: &ClientId,
    user: &UserId,
    sid: &ClientSessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(tx, ENQUEUE, id, client.as_str(), user.as_str(), sid.as_str(), now)?;
    Ok(())
}

/// Whether there is something to deliver. It only reads: it is asked every second.
pub async fn are_due(db: &mut impl Queryable, now: Timestamp) -> Result<bool, StoreError> {
    Ok(fetch_scalar!(db, ARE_DUE, now)?)
}

/// Takes up to `limit` of those that are due. Until `time` has passed no other server takes them.
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    time: Duration,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<DeliveryRow> = fetch_all!(tx, CLAIM, now, now + time, limit)?;
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
