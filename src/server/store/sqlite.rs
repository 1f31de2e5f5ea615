//! SQLite: one connection that writes and a pool that reads, over a write-ahead log.

use std::{path::Path, time::Duration};

use sqlx::{
    SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migrator},
    query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use self::{wal::Copier, writer::Writer};
use super::{
    Examined, OpenError, Reader, StoreError, account_version::AccountVersion, newer_than_known, passkeys,
};
use crate::server::crypto::private_file;

pub mod json;
mod wal;
pub mod writer;

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// The rows that a JSON array of arrays describes, as `n.row`. Materialised: SQLite would write the inner array out anew for each
/// value that is taken from it. As JSONB, which need not be parsed again for that.
macro_rules! rows {
    ($statement:literal) => {
        concat!("WITH n (key, row) AS MATERIALIZED (SELECT key, value FROM jsonb_each(?)) ", $statement)
    };
}

/// Statements about many rows, which come as a JSON array.
pub mod sessions {
    /// The order of the values is that of [`super::super::many_sessions::advance`].
    pub const ADVANCE: &str = rows!(
        "UPDATE sessions SET generation = n.row->>2, confirmed = n.row->>3,
            rotated_at = n.row->>4, last_seen_at = n.row->>5, idle_expires_at = n.row->>6,
            token_kid = n.row->>7, token_expires_at = n.row->>8, user_agent = n.row->>9, ip = n.row->>10,
            authenticated_at = n.row->>11, authenticated_before = n.row->>12, replaced_at = n.row->>13,
            methods = n.row->>14, methods_before = n.row->>15
        FROM n
        WHERE sessions.id = n.row->>0 AND sessions.generation = n.row->>1 AND sessions.revoked_at IS NULL"
    );
}

/// What ends together: grants of client sessions, the deliveries that tell of it, and the invalidations. The order of the
/// values is that of the functions that bind them.
pub mod endings {
    pub const REVOKE_GRANTS: &str = rows!(
        "UPDATE oauth_grants SET revoked_at = n.row->>1, revoked_reason = n.row->>2
        FROM n WHERE oauth_grants.client_session_id = n.row->>0 AND oauth_grants.revoked_at IS NULL"
    );
    /// CROSS JOIN: SQLite reads the array first then, instead of the table.
    pub const ENQUEUE: &str = rows!(
"INSERT INTO logout_deliveries
            (id, client_id, uri, algorithm, user_id, sid, created_at, next_attempt_at, attempts, claimed_until)
        SELECT n.row->>0, c.id, c.backchannel_logout_uri, c.id_token_alg, n.row->>2, n.row->>3, n.row->>4,
            n.row->>4, 0, 0
        FROM n CROSS JOIN oauth_clients c ON c.id = n.row->>1
        WHERE c.backchannel_logout_uri IS NOT NULL");
    pub const INVALIDATE: &str = rows!(
        "INSERT INTO invalidations (session_id, user_id, epoch, expires_at)
        SELECT n.row->>0, n.row->>1, n.row->>2, n.row->>3 FROM n ORDER BY n.key"
    );
}

/// Grants, and the client sessions that they hang on. The order of the values is that of the functions that bind them.
pub mod grants {
    pub const INSERT_CLIENT_SESSIONS: &str = rows!(
        "INSERT INTO oauth_client_sessions
            (id, session_id, user_id, client_id, created_at)
        SELECT n.row->>0, n.row->>1, n.row->>2, n.row->>3, n.row->>4 FROM n"
    );
    pub const INSERT_GRANTS: &str = rows!(
"INSERT INTO oauth_grants
            (id, client_session_id, sign_in_id, client_id, user_id, scopes, resources, auth_time, salt, generation,
             confirmed, rotated_at, created_at, last_used_at, idle_expires_at, absolute_expires_at, methods, acr,
             code_hash, code_redirect_uri, code_challenge, code_nonce, code_expires_at)
        SELECT n.row->>0, n.row->>1, n.row->>2, n.row->>3, n.row->>4, n.row->>5, n.row->>6, n.row->>7, unhex(n.row->>8),
            n.row->>9, n.row->>10, n.row->>11, n.row->>12, n.row->>13, n.row->>14, n.row->>15, n.row->>16,
            n.row->>17, unhex(n.row->>18), n.row->>19, unhex(n.row->>20), n.row->>21, n.row->>22
        FROM n");
    pub const ADVANCE_GRANTS: &str = rows!(
        "UPDATE oauth_grants SET generation = n.row->>2, confirmed = n.row->>3,
            rotated_at = n.row->>4, last_used_at = n.row->>5, idle_expires_at = n.row->>6
        FROM n
        WHERE oauth_grants.id = n.row->>0 AND oauth_grants.generation = n.row->>1
            AND oauth_grants.revoked_at IS NULL"
    );
    pub const REDEEM_GRANTS: &str = rows!(
        "UPDATE oauth_grants SET code_redeemed_at = n.row->>1
        FROM n WHERE oauth_grants.id = n.row->>0 AND oauth_grants.code_redeemed_at IS NULL
            AND oauth_grants.code_expires_at > n.row->>1 AND oauth_grants.revoked_at IS NULL"
    );
}

/// The order of the values is that of [`super::audit::record_all`].
pub const INSERT_EVENTS: &str = rows!(
    "INSERT INTO audit_events
        (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
    SELECT n.row->>0, n.row->>1, n.row->>2, n.row->>3, n.row->>4, n.row->>5, n.row->>6, n.row->>7, n.row->>8
    FROM n ORDER BY n.key"
);

/// After a statement: fails with a text unless so many rows were changed. Outside of triggers SQLite fails when it is told to in
/// functions alone, and this one says in which text there is no path.
pub const OR_FAIL: &str = "SELECT json_extract('{}', iif(changes() = CAST(? AS INTEGER), '$', ?))";

/// Four of them are held for as long as the program runs ([`super::held_reader`]).
const READERS: u32 = 8;
/// KiB of the database that each connection keeps: a quarter of SQLite's 2 MiB is enough for the inner pages of a
/// large database. The rest is in the system's memory anyway, once for all of them.
const CACHE: &str = "-512";
/// How long a statement waits for another process's lock (`latchkey user add` beside a running server).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Pools {
    pub writer: Writer,
    pub readers: SqlitePool,
    pub copier: Copier,
    pub accounts: AccountVersion,
}

impl Pools {
    /// Copies the log into the database while others write, if it is long. If it is full, it begins anew afterwards: the writer's
    /// connection copies the few pages that were written last, so that all are copied at that moment.
    pub async fn copy_long_log(&self) -> Result<(), sqlx::Error> {
        if self.copier.copy_long_log().await? {
            wal::copy(&mut self.writer.lock().await?.connection).await?;
        }
        Ok(())
    }

    /// Closes the connections, the writer's last: it leaves no log behind.
    pub async fn close(&self) {
        self.copier.connection.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

pub async fn open(path: &Path) -> Result<Pools, OpenError> {
    let database = path.display().to_string();
    let connect = |error| OpenError::Connect { database: database.clone(), error };
    refuse_newer(path, &database).await?;
    // SQLite gives its log the mode of the database.
    private_file::create_folder_of(path)
        .and_then(|()| private_file::create_if_missing(path))
        .map_err(|error| connect(error.into()))?;
    // FULL: a commit that was acknowledged survives a power cut.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("wal_autocheckpoint", wal::LONGEST)
        .pragma("cache_size", CACHE)
        .foreign_keys(true);
    let accounts = AccountVersion::open(path).map_err(|error| connect(error.into()))?;
    let writer = Writer::new(options.clone().optimize_on_close(true, None), accounts.clone());
    let mut held = writer.lock().await.map_err(connect)?;
    migrate(&mut held.connection)
        .await
        .map_err(|error| OpenError::Migrate { database: database.clone(), error })?;
    drop(held);
    let copier = Copier::new(options.clone());
    let readers = pool(READERS)
        .connect_with(options.read_only(true).create_if_missing(false))
        .await
        .map_err(connect)?;
    Ok(Pools { writer, readers, copier, accounts })
}

/// Brings the tables up to date. A new database goes through many steps, and none of them waits for the disk: the next
/// commit does, for itself and all before it. The log keeps their order, so a power cut leaves the database at one of them.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await?;
    MIGRATOR.run(&mut *connection).await?;
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
    Ok(())
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(10))
        // A file does not hang up: asking whether it is still there costs a trip to the connection's thread.
        .test_before_acquire(false)
}

/// Checks the file's integrity.
pub async fn examine(path: &Path, rp_id: &str) -> Result<Examined, OpenError> {
    let database = path.display().to_string();
    if !path.exists() {
        let finding = format!("{database} will be made at the first start");
        return Ok(Examined { finding, passkeys_elsewhere: 0 });
    }
    let connect = |error| OpenError::Connect { database: database.clone(), error };
    refuse_newer(path, &database).await?;
    let pool = only_looking(path).await.map_err(connect)?;
    let finding: String = query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.map_err(connect)?;
    if finding != "ok" {
        return Err(OpenError::Damaged { database, finding });
    }
    let elsewhere = passkeys_elsewhere(&pool, rp_id).await;
    pool.close().await;
    let passkeys_elsewhere = elsewhere?;
    Ok(Examined { finding: format!("{database} is whole"), passkeys_elsewhere })
}

async fn passkeys_elsewhere(pool: &SqlitePool, rp_id: &str) -> Result<i64, StoreError> {
    if applied_version(pool).await? < Some(passkeys::SINCE) {
        return Ok(0);
    }
    passkeys::count_elsewhere(&mut Reader::Sqlite(pool.acquire().await?), rp_id).await
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
