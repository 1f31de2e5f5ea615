//! SQLite: one connection that writes and a pool that reads, over a write-ahead log.

use std::{path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{OpenError, newer_than_known};

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

const READERS: u32 = 4;
/// How long a statement waits for another process's lock (`latchkey user add` beside a running server).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// SQLite has one writer at a time. Queueing for one connection in the program is fair and cheap; several that fight
/// for the file's lock are neither.
#[derive(Clone, Debug)]
pub struct Pools {
    pub writer: SqlitePool,
    pub readers: SqlitePool,
}

pub async fn open(path: &Path) -> Result<Pools, OpenError> {
    let database = path.display().to_string();
    let connect = |error| OpenError::Connect { database: database.clone(), error };
    refuse_newer(path, &database).await?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| connect(error.into()))?;
    }
    // FULL: a commit that was acknowledged survives a power cut.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true);
    let writer =
        pool(1).connect_with(options.clone().optimize_on_close(true, None)).await.map_err(connect)?;
    MIGRATOR.run(&writer).await.map_err(|error| OpenError::Migrate { database: database.clone(), error })?;
    let readers = pool(READERS)
        .connect_with(options.read_only(true).create_if_missing(false))
        .await
        .map_err(connect)?;
    Ok(Pools { writer, readers })
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(10))
}

/// Checks the file's integrity.
pub async fn examine(path: &Path) -> Result<String, OpenError> {
    let database = path.display().to_string();
    if !path.exists() {
        return Ok(format!("{database} will be made at the first start"));
    }
    let connect = |error| OpenError::Connect { database: database.clone(), error };
    refuse_newer(path, &database).await?;
    let pool = only_looking(path).await.map_err(connect)?;
    let finding: String = query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.map_err(connect)?;
    pool.close().await;
    if finding == "ok" {
        Ok(format!("{database} is whole"))
    } else {
        Err(OpenError::Damaged { database, finding })
    }
}

/// Looks at an existing file through a connection that cannot write.
async fn refuse_newer(path: &Path, database: &str) -> Result<(), OpenError> {
    if !path.exists() {
        return Ok(());
    }
    let connect = |error| OpenError::Connect { database: database.to_owned(), error };
    let pool = only_looking(path).await.map_err(connect)?;
    let applied = applied_version(&pool).await.map_err(connect)?;
    pool.close().await;
    match newer_than_known(applied, &MIGRATOR) {
        Some((found, known)) => Err(OpenError::Newer { database: database.to_owned(), found, known }),
        None => Ok(()),
    }
}

async fn only_looking(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    pool(1).connect_with(SqliteConnectOptions::new().filename(path).read_only(true)).await
}

/// The newest migration that the database has; nothing for an empty one.
async fn applied_version(pool: &SqlitePool) -> Result<Option<i64>, sqlx::Error> {
    let migrated: bool =
        query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')")
            .fetch_one(pool)
            .await?;
    if !migrated {
        return Ok(None);
    }
    query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(pool).await
}
