//! Devices that wait for somebody to connect them (RFC 8628). Of both codes only a hash is here.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{
    model::{
        id::{GrantId, SessionId},
        oauth::{client_id::ClientId, client_kind::words, resource::Resources, scope::Scopes},
    },
    server::clock::Timestamp,
};

words! {
    /// What has become of it.
    DeviceState {
        Pending = "pending",
        Allowed = "allowed",
        Denied = "denied",
        /// The device has its tokens.
        Redeemed = "redeemed",
    }
}

/// A device as stored.
#[derive(Clone, Debug)]
pub struct DeviceRecord {
    pub device_hash: Vec<u8>,
    pub user_code_hash: Vec<u8>,
    pub client: ClientId,
    pub scopes: Scopes,
    pub resources: Resources,
    pub state: DeviceState,
    /// In which the code was entered, and which may decide.
    pub session: Option<SessionId>,
    /// What was allowed.
    pub grant: Option<GrantId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct DeviceRow {
    device_hash: Vec<u8>,
    user_code_hash: Vec<u8>,
    client_id: String,
    scopes: String,
    resources: String,
    state: String,
    session_id: Option<String>,
    grant_id: Option<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

const TABLE: &str = "oauth_device_codes";

impl TryFrom<DeviceRow> for DeviceRecord {
    type Error = StoreError;
    fn try_from(row: DeviceRow) -> Result<Self, StoreError> {
        let client = &row.client_id;
        Ok(Self {
            scopes: Scopes::parse(&row.scopes).map_err(corrupt(TABLE, client))?,
            resources: Resources::parse(&row.resources).map_err(corrupt(TABLE, client))?,
            state: DeviceState::parse(&row.state).map_err(corrupt(TABLE, client))?,
            session: row
                .session_id
                .as_deref()
                .map(SessionId::parse)
                .transpose()
                .map_err(corrupt(TABLE, client))?,
            grant: row.grant_id.as_deref().map(GrantId::parse).transpose().map_err(corrupt(TABLE, client))?,
            client: ClientId::parse(client).map_err(corrupt(TABLE, client))?,
            device_hash: row.device_hash,
            user_code_hash: row.user_code_hash,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

statements! {
    BY_DEVICE = "SELECT * FROM oauth_device_codes WHERE device_hash = $1";
    BY_USER_CODE = "SELECT * FROM oauth_device_codes WHERE user_code_hash = $1";
    INSERT = "INSERT INTO oauth_device_codes (device_hash, user_code_hash, client_id, scopes, resources, poll_interval, state,
                  created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8)";
    ENTER = "UPDATE oauth_device_codes SET session_id = $2
             WHERE user_code_hash = $1 AND state = 'pending' AND expires_at > $3 AND (session_id IS NULL OR session_id = $2)";
    RELEASE = "UPDATE oauth_device_codes SET session_id = NULL
               WHERE user_code_hash = $1 AND state = 'pending' AND session_id = $2";
    ALLOW = "UPDATE oauth_device_codes SET state = 'allowed', grant_id = $3
             WHERE device_hash = $1 AND state = 'pending' AND session_id = $2 AND expires_at > $4";
    DENY = "UPDATE oauth_device_codes SET state = 'denied'
            WHERE device_hash = $1 AND state = 'pending' AND session_id = $2 AND expires_at > $3";
    REDEEM = "UPDATE oauth_device_codes SET state = 'redeemed'
              WHERE device_hash = $1 AND state = 'allowed' AND expires_at > $2";
    POLL = "UPDATE oauth_device_codes SET last_poll_at = $2
            WHERE device_hash = $1 AND (last_poll_at IS NULL OR last_poll_at + poll_interval <= $2)";
    SLOW_DOWN = "UPDATE oauth_device_codes SET last_poll_at = $2, poll_interval = poll_interval + $3 WHERE device_hash = $1";
    DELETE_EXPIRED = "DELETE FROM oauth_device_codes WHERE device_hash IN
                      (SELECT device_hash FROM oauth_device_codes WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn by_device(
    db: &mut impl Queryable,
    device_hash: &[u8],
) -> Result<Option<DeviceRecord>, StoreError> {
    let row: Option<DeviceRow> = fetch_optional!(db, BY_DEVICE, device_hash)?;
    row.map(DeviceRecord::try_from).transpose()
}

pub async fn by_user_code(
    db: &mut impl Queryable,
    user_code_hash: &[u8],
) -> Result<Option<DeviceRecord>, StoreError> {
    let row: Option<DeviceRow> = fetch_optional!(db, BY_USER_CODE, user_code_hash)?;
    row.map(DeviceRecord::try_from).transpose()
}

/// Adds one that waits, to be asked for no more often than every `interval` milliseconds.
pub async fn insert(tx: &mut Tx, record: &DeviceRecord, interval: i64) -> Result<(), StoreError> {
    execute!(
        tx,
        INSERT,
        &record.device_hash,
        &record.user_code_hash,
        record.client.as_str(),
        record.scopes.to_string(),
        record.resources.to_string(),
        interval,
        record.created_at,
        record.expires_at
    )?;
    Ok(())
}

/// Binds a device to the session in which its code was entered. `false`: there is none that waits, or it is another's.
pub async fn enter(
    tx: &mut Tx,
    user_code_hash: &[u8],
    session: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, ENTER, user_code_hash, session.as_str(), now)? == 1)
}

/// Lets another session enter a code that this one has entered.
pub async fn release(tx: &mut Tx, user_code_hash: &[u8], session: &SessionId) -> Result<(), StoreError> {
    execute!(tx, RELEASE, user_code_hash, session.as_str())?;
    Ok(())
}

/// Gives a device what this session allows it. `false`: it no longer waits for this session.
pub async fn allow(
    tx: &mut Tx,
    device_hash: &[u8],
    session: &SessionId,
    grant: &GrantId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, ALLOW, device_hash, session.as_str(), grant.as_str(), now)? == 1)
}

pub async fn deny(
    tx: &mut Tx,
    device_hash: &[u8],
    session: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, DENY, device_hash, session.as_str(), now)? == 1)
}

/// Hands out what was allowed, which one request alone can do.
pub async fn redeem(tx: &mut Tx, device_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, REDEEM, device_hash, now)? == 1)
}

/// Counts a question of the device. `false`: it came too early.
pub async fn poll(tx: &mut Tx, device_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, POLL, device_hash, now)? == 1)
}

/// From now on it has to wait for so many milliseconds more.
pub async fn slow_down(tx: &mut Tx, device_hash: &[u8], now: Timestamp, more: i64) -> Result<(), StoreError> {
    execute!(tx, SLOW_DOWN, device_hash, now, more)?;
    Ok(())
}

/// Deletes `limit` at the most that expired before `before`. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}
