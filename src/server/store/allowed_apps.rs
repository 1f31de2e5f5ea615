//! The clients that somebody has allowed something, or that have a session of theirs.

use sqlx::FromRow;

use super::{Queryable, StoreError, corrupt, fetch_all, statements};
use crate::{
    model::{
        display_name::DisplayName,
        id::UserId,
        oauth::{client_id::ClientId, resource::Resources, scope::Scopes},
    },
    server::clock::Timestamp,
};

/// A client with what somebody has allowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedAppRecord {
    pub client: ClientId,
    pub name: DisplayName,
    pub developer: Option<DisplayName>,
    pub trusted: bool,
    pub scopes: Scopes,
    pub resources: Resources,
    pub since: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct AllowedAppRow {
    id: String,
    name: String,
    developer: String,
    trusted: bool,
    scopes: String,
    resources: String,
    since: Timestamp,
    last_used_at: Option<Timestamp>,
}

const TABLE: &str = "oauth_clients";

impl TryFrom<AllowedAppRow> for AllowedAppRecord {
    type Error = StoreError;
    fn try_from(row: AllowedAppRow) -> Result<Self, StoreError> {
        let developer = Some(row.developer).filter(|name| !name.is_empty());
        let developer = developer.map(|name| DisplayName::parse(&name)).transpose();
        Ok(Self {
            client: ClientId::parse(&row.id).map_err(corrupt(TABLE, &row.id))?,
            name: DisplayName::parse(&row.name).map_err(corrupt(TABLE, &row.id))?,
            developer: developer.map_err(corrupt(TABLE, &row.id))?,
            trusted: row.trusted,
            scopes: Scopes::parse(&row.scopes).map_err(corrupt(TABLE, &row.id))?,
            resources: Resources::parse(&row.resources).map_err(corrupt(TABLE, &row.id))?,
            since: row.since,
            last_used_at: row.last_used_at,
        })
    }
}

statements! {
    /// A trusted client has no consent; what it may do is what it may ask for.
    OF_USER = "SELECT c.id, c.name, c.developer, c.trusted,
                   COALESCE(a.scopes, c.scopes) AS scopes, COALESCE(a.resources, c.resources) AS resources,
                   COALESCE(a.granted_at, s.since) AS since,
                   (SELECT MAX(g.last_used_at) FROM oauth_client_sessions o JOIN oauth_grants g ON g.client_session_id = o.id
                    WHERE o.user_id = $1 AND o.client_id = c.id) AS last_used_at
               FROM oauth_clients c
               LEFT JOIN oauth_consents a ON a.client_id = c.id AND a.user_id = $1
               LEFT JOIN (SELECT client_id, MIN(created_at) AS since FROM oauth_client_sessions
                          WHERE user_id = $1 AND revoked_at IS NULL GROUP BY client_id) s ON s.client_id = c.id
               WHERE a.granted_at IS NOT NULL OR s.since IS NOT NULL
               ORDER BY c.name, c.id";
}

/// Those of one person, by name.
pub async fn of_user(db: &mut impl Queryable, user: &UserId) -> Result<Vec<AllowedAppRecord>, StoreError> {
    let rows: Vec<AllowedAppRow> = fetch_all!(db, OF_USER, user.as_str())?;
    rows.into_iter().map(AllowedAppRecord::try_from).collect()
}
