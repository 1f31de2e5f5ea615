//! PostgreSQL: one pool, row locks.

use std::{str::FromStr, time::Duration};

use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    query_scalar,
};

use super::{OpenError, newer_than_known};

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// The channel on which nodes hear of changes.
const CHANNEL: &str = "latchkey_changes";
/// Heard when, and only if, the transaction is committed.
pub const NOTIFY: &str = "SELECT pg_notify('latchkey_changes', '')";

pub async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Row locks, for [`super::Tx::lock_row`].
pub mod lock {
    pub const SESSION: &str = "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE";
    pub const USER: &str = "SELECT 1 FROM users WHERE id = $1 FOR UPDATE";
    /// A lock that belongs to no row: whoever changes who is an administrator holds it.
    pub const ADVISORY: &str = "SELECT pg_advisory_xact_lock(hashtext($1))";
}

pub async fn open(url: &str) -> Result<PgPool, OpenError> {
    let (database, pool) = connect(url).await?;
    MIGRATOR.run(&pool).await.map_err(|error| OpenError::Migrate { database, error })?;
    Ok(pool)
}

/// Says whether it answers.
pub async fn examine(url: &str) -> Result<String, OpenError> {
    let (database, pool) = connect(url).await?;
    pool.close().await;
    Ok(format!("{database} answers"))
}

/// Connects to a database that is not of a newer version.
async fn connect(url: &str) -> Result<(String, PgPool), OpenError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| OpenError::Connect { database: "PostgreSQL".to_owned(), error })?;
    let database = format!("{} on {}", options.get_database().unwrap_or("postgres"), options.get_host());
    let failed = |error| OpenError::Connect { database: database.clone(), error };
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await
        .map_err(failed)?;
    let applied = applied_version(&pool).await.map_err(failed)?;
    match newer_than_known(applied, &MIGRATOR) {
        Some((found, known)) => Err(OpenError::Newer { database, found, known }),
        None => Ok((database, pool)),
    }
}

/// The newest migration that the database has; nothing for an empty one.
async fn applied_version(pool: &PgPool) -> Result<Option<i64>, sqlx::Error> {
    let migrated: bool =
        query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(pool).await?;
    if !migrated {
        return Ok(None);
    }
    query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(pool).await
}
