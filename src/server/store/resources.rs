//! Services that get their access tokens in a form of their own.

use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, execute, expect_one_row, fetch_all, fetch_optional, fetch_scalar, statements,
};
use crate::{
    model::oauth::{resource::Resource, token_format::TokenFormat},
    server::clock::Timestamp,
};

/// A service as stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ResourceRecord {
    #[sqlx(try_from = "String")]
    pub uri: Resource,
    #[sqlx(try_from = "String")]
    pub token_format: TokenFormat,
    /// Its public JWK, if its tokens are encrypted.
    pub encryption_key: Option<String>,
    pub created_at: Timestamp,
}

statements! {
    ALL = "SELECT * FROM oauth_resources ORDER BY uri";
    BY_URI = "SELECT * FROM oauth_resources WHERE uri = $1";
    ANY_OF = "SELECT EXISTS (SELECT 1 FROM oauth_resources WHERE token_format = $1)";
    INSERT = "INSERT INTO oauth_resources (uri, token_format, encryption_key, created_at) VALUES ($1, $2, $3, $4)
              ON CONFLICT DO NOTHING";
    UPDATE = "UPDATE oauth_resources SET token_format = $2, encryption_key = $3 WHERE uri = $1";
    DELETE = "DELETE FROM oauth_resources WHERE uri = $1";
}

pub async fn all(db: &mut impl Queryable) -> Result<Vec<ResourceRecord>, StoreError> {
    Ok(fetch_all!(db, ALL)?)
}

pub async fn by_uri(db: &mut impl Queryable, uri: &Resource) -> Result<Option<ResourceRecord>, StoreError> {
    Ok(fetch_optional!(db, BY_URI, uri.as_str())?)
}

/// Whether a service gets its tokens so.
pub async fn any_of(db: &mut impl Queryable, format: TokenFormat) -> Result<bool, StoreError> {
    Ok(fetch_scalar!(db, ANY_OF, format.as_str())?)
}

/// Adds a service. `false`: it is there already.
pub async fn insert(tx: &mut Tx, resource: &ResourceRecord) -> Result<bool, StoreError> {
    let ResourceRecord { uri, token_format, encryption_key, created_at } = resource;
    let rows = execute!(tx, INSERT, uri.as_str(), token_format.as_str(), encryption_key, *created_at)?;
    Ok(rows == 1)
}

pub async fn update(tx: &mut Tx, resource: &ResourceRecord) -> Result<(), StoreError> {
    let ResourceRecord { uri, token_format, encryption_key, .. } = resource;
    let rows = execute!(tx, UPDATE, uri.as_str(), token_format.as_str(), encryption_key)?;
    expect_one_row(rows, "oauth_resources", uri.as_str())
}

pub async fn delete(tx: &mut Tx, uri: &Resource) -> Result<(), StoreError> {
    let rows = execute!(tx, DELETE, uri.as_str())?;
    expect_one_row(rows, "oauth_resources", uri.as_str())
}
