//! Passkeys.

use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, corrupt, execute, expect_one_row, fetch_all, fetch_optional, fetch_scalar,
    statements,
};
use crate::{
    model::{
        display_name::DisplayName,
        id::{PasskeyId, UserId},
    },
    server::clock::Timestamp,
};

/// A passkey as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRecord {
    pub id: PasskeyId,
    pub user_id: UserId,
    pub credential_id: Vec<u8>,
    /// A COSE key.
    pub public_key: Vec<u8>,
    pub sign_count: u32,
    pub backup_eligible: bool,
    pub backed_up: bool,
    pub transports: Vec<String>,
    pub aaguid: [u8; 16],
    /// The host that it was made for.
    pub rp_id: String,
    pub name: DisplayName,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct PasskeyRow {
    id: String,
    user_id: String,
    credential_id: Vec<u8>,
    public_key: Vec<u8>,
    sign_count: i64,
    backup_eligible: bool,
    backed_up: bool,
    transports: String,
    aaguid: Vec<u8>,
    rp_id: String,
    name: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl TryFrom<PasskeyRow> for PasskeyRecord {
    type Error = StoreError;
    fn try_from(row: PasskeyRow) -> Result<Self, StoreError> {
        let id = row.id;
        let aaguid = <[u8; 16]>::try_from(row.aaguid.as_slice());
        Ok(Self {
            user_id: UserId::parse(&row.user_id).map_err(corrupt("passkeys", &id))?,
            credential_id: row.credential_id,
            public_key: row.public_key,
            sign_count: u32::try_from(row.sign_count).map_err(corrupt("passkeys", &id))?,
            backup_eligible: row.backup_eligible,
            backed_up: row.backed_up,
            transports: row.transports.split_ascii_whitespace().map(str::to_owned).collect(),
            aaguid: aaguid.map_err(corrupt("passkeys", &id))?,
            rp_id: row.rp_id,
            name: DisplayName::parse(&row.name).map_err(corrupt("passkeys", &id))?,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            id: PasskeyId::parse(&id).map_err(corrupt("passkeys", &id))?,
        })
    }
}

statements! {
    BY_CREDENTIAL = "SELECT * FROM passkeys WHERE credential_id = $1 AND rp_id = $2";
    OWN = "SELECT * FROM passkeys WHERE id = $1 AND user_id = $2";
    OF_USER = "SELECT * FROM passkeys WHERE user_id = $1 AND rp_id = $2 ORDER BY created_at, id";
    COUNT = "SELECT count(*) FROM passkeys WHERE user_id = $1 AND rp_id = $2";
    COUNT_ELSEWHERE = "SELECT count(*) FROM passkeys WHERE rp_id <> $1";
    INSERT = "INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up,
                  transports, aaguid, rp_id, name, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (credential_id) DO NOTHING";
    USED = "UPDATE passkeys SET sign_count = $3, backed_up = $4, last_used_at = $5 WHERE id = $1 AND user_id = $2";
    RENAME = "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2";
    DELETE = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2";
    DELETE_OF_USER = "DELETE FROM passkeys WHERE user_id = $1";
}

/// The migration from which on there are any.
pub const SINCE: i64 = 16;

/// How many were made for another host, where they are of no use.
pub async fn count_elsewhere(db: &mut impl Queryable, rp_id: &str) -> Result<i64, StoreError> {
    Ok(fetch_scalar!(db, COUNT_ELSEWHERE, rp_id)?)
}

/// The passkey of that credential, if it was made for this host.
pub async fn by_credential(
    db: &mut impl Queryable,
    credential_id: &[u8],
    rp_id: &str,
) -> Result<Option<PasskeyRecord>, StoreError> {
    let row: Option<PasskeyRow> = fetch_optional!(db, BY_CREDENTIAL, credential_id, rp_id)?;
    row.map(PasskeyRecord::try_from).transpose()
}

/// A passkey of this account.
pub async fn own(
    db: &mut impl Queryable,
    user: &UserId,
    id: &PasskeyId,
) -> Result<Option<PasskeyRecord>, StoreError> {
    let row: Option<PasskeyRow> = fetch_optional!(db, OWN, id.as_str(), user.as_str())?;
    row.map(PasskeyRecord::try_from).transpose()
}

/// Those of an account that work at this host, the oldest first.
pub async fn of_user(
    db: &mut impl Queryable,
    user: &UserId,
    rp_id: &str,
) -> Result<Vec<PasskeyRecord>, StoreError> {
    let rows: Vec<PasskeyRow> = fetch_all!(db, OF_USER, user.as_str(), rp_id)?;
    rows.into_iter().map(PasskeyRecord::try_from).collect()
}

/// How many of an account work at this host.
pub async fn count(db: &mut impl Queryable, user: &UserId, rp_id: &str) -> Result<i64, StoreError> {
    Ok(fetch_scalar!(db, COUNT, user.as_str(), rp_id)?)
}

/// Adds one. `false`: somebody has that credential already.
pub async fn insert(tx: &mut Tx, passkey: &PasskeyRecord) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        INSERT,
        passkey.id.as_str(),
        passkey.user_id.as_str(),
        &passkey.credential_id,
        &passkey.public_key,
        i64::from(passkey.sign_count),
        passkey.backup_eligible,
        passkey.backed_up,
        passkey.transports.join(" "),
        passkey.aaguid.as_slice(),
        &passkey.rp_id,
        passkey.name.as_str(),
        passkey.created_at
    )?;
    Ok(rows == 1)
}

/// Remembers a use.
pub async fn used(tx: &mut Tx, passkey: &PasskeyRecord) -> Result<(), StoreError> {
    let (id, user, count) = (passkey.id.as_str(), passkey.user_id.as_str(), i64::from(passkey.sign_count));
    let rows = execute!(tx, USED, id, user, count, passkey.backed_up, passkey.last_used_at)?;
    expect_one_row(rows, "passkeys", id)
}

/// `false`: the account has no such passkey.
pub async fn rename(
    tx: &mut Tx,
    user: &UserId,
    id: &PasskeyId,
    name: &DisplayName,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, RENAME, id.as_str(), user.as_str(), name.as_str())? == 1)
}

/// `false`: the account has no such passkey.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &PasskeyId) -> Result<bool, StoreError> {
    Ok(execute!(tx, DELETE, id.as_str(), user.as_str())? == 1)
}

/// Removes all of an account.
pub async fn delete_of_user(tx: &mut Tx, user: &UserId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_USER, user.as_str())?;
    Ok(())
}
