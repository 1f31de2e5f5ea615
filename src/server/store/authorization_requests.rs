//! Authorization requests under way. The browser carries a handle, of which only a hash is stored.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{
    model::{
        id::SessionId,
        methods::Methods,
        oauth::{authorization_request::AuthorizationRequest, client_id::ClientId},
    },
    server::clock::Timestamp,
};

/// A request as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    pub handle_hash: Vec<u8>,
    pub client_id: ClientId,
    pub request: AuthorizationRequest,
    /// Whether the client pushed it (RFC 9126).
    pub pushed: bool,
    /// The hash of the cookie of the browser that began. Nothing: none has yet.
    pub browser_hash: Option<Vec<u8>>,
    /// To which it was shown, and which may decide.
    pub session: Option<SessionId>,
    /// When the person proved who they are for it, in that session.
    pub authenticated_at: Option<Timestamp>,
    /// And with what.
    pub methods: Option<Methods>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct RequestRow {
    handle_hash: Vec<u8>,
    client_id: String,
    parameters: String,
    pushed: bool,
    browser_hash: Option<Vec<u8>>,
    session_id: Option<String>,
    authenticated_at: Option<Timestamp>,
    methods: Option<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

impl TryFrom<RequestRow> for RequestRecord {
    type Error = StoreError;
    fn try_from(row: RequestRow) -> Result<Self, StoreError> {
        const TABLE: &str = "oauth_requests";
        let session = row.session_id.as_deref().map(SessionId::parse).transpose();
        let methods = row.methods.as_deref().map(Methods::parse);
        Ok(Self {
            request: serde_json::from_str(&row.parameters).map_err(corrupt(TABLE, &row.client_id))?,
            session: session.map_err(corrupt(TABLE, &row.client_id))?,
            client_id: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, &row.client_id))?,
            handle_hash: row.handle_hash,
            pushed: row.pushed,
            browser_hash: row.browser_hash,
            authenticated_at: row.authenticated_at,
            methods: methods.transpose().map_err(corrupt(TABLE, &row.client_id))?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
        })
    }
}

statements! {
    FIND = "SELECT * FROM oauth_requests WHERE handle_hash = $1";
    INSERT = "INSERT INTO oauth_requests (handle_hash, client_id, parameters, pushed, browser_hash, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BIND = "UPDATE oauth_requests SET browser_hash = $2, expires_at = $3
            WHERE handle_hash = $1 AND browser_hash IS NULL AND used_at IS NULL";
    SHOW_TO = "UPDATE oauth_requests SET session_id = $2, authenticated_at = NULL, methods = NULL
               WHERE handle_hash = $1 AND used_at IS NULL";
    AUTHENTICATE = "UPDATE oauth_requests SET session_id = $2, authenticated_at = $3, methods = $4
                    WHERE handle_hash = $1 AND used_at IS NULL";
    USE = "UPDATE oauth_requests SET used_at = $2 WHERE handle_hash = $1 AND used_at IS NULL";
    DELETE_EXPIRED = "DELETE FROM oauth_requests WHERE handle_hash IN
                      (SELECT handle_hash FROM oauth_requests WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn find(db: &mut impl Queryable, handle_hash: &[u8]) -> Result<Option<RequestRecord>, StoreError> {
    let row: Option<RequestRow> = fetch_optional!(db, FIND, handle_hash)?;
    row.map(RequestRecord::try_from).transpose()
}

pub async fn insert(tx: &mut Tx, record: &RequestRecord) -> Result<(), StoreError> {
    let parameters = serde_json::to_string(&record.request)
        .map_err(corrupt("oauth_requests", record.client_id.as_str()))?;
    execute!(
        tx,
        INSERT,
        &record.handle_hash,
        record.client_id.as_str(),
        parameters,
        record.pushed,
        record.browser_hash.as_deref(),
        record.created_at,
        record.expires_at
    )?;
    Ok(())
}

/// Binds a request that no browser has begun to one, with a new end. `false`: it was begun already.
pub async fn bind(
    tx: &mut Tx,
    handle_hash: &[u8],
    browser_hash: &[u8],
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, BIND, handle_hash, browser_hash, expires_at)? == 1)
}

/// Remembers to which session the question was shown.
pub async fn show_to(tx: &mut Tx, handle_hash: &[u8], session: &SessionId) -> Result<(), StoreError> {
    execute!(tx, SHOW_TO, handle_hash, session.as_str())?;
    Ok(())
}

/// Remembers that the person proved who they are for it, in this session.
pub async fn authenticate(
    tx: &mut Tx,
    handle_hash: &[u8],
    session: &SessionId,
    (now, methods): (Timestamp, Methods),
) -> Result<(), StoreError> {
    execute!(tx, AUTHENTICATE, handle_hash, session.as_str(), now, methods.to_string())?;
    Ok(())
}

/// Uses a request up. `false`: it was used already.
pub async fn use_up(tx: &mut Tx, handle_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, USE, handle_hash, now)? == 1)
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
