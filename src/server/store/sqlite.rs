//! SQLite: one connection that writes and a pool that reads, over a write-ahead log.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

use self::wal::Copier;
use super::{
    Examined, OpenError, Reader, StoreError, account_version::AccountVersion, newer_than_known, passkeys,
};
use crate::server::crypto::private_file;

mod wal;

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// The rows that a JSON array of arrays describes, as `n.row`. Materialised: SQLite would write the inner array out anew for each
/// value that is taken from it. As JSONB, which need not be parsed again for that.
macro_rules! rows {
    ($statement:literal) => {
        concat!("WITH n (key, row) AS MATERIALIZED (SELECT key, value FROM jsonb_each($1)) ", $statement)
    };
}

/// Statements about many rows, which come as a JSON array. CROSS JOIN: SQLite reads the array first then, instead of
/// the table.
pub mod sessions {
    use super::super::users::joined_user;

    pub const READ: &str = concat!(
        "SELECT s.*, ",
        joined_user!(),
        " FROM json_each($1) ids CROSS JOIN sessions s ON s.id = ids.value CROSS JOIN users u ON u.id = s.user_id"
    );
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

/// Grants, and what they stand on. The order of the values is that of the functions that bind them.
pub mod grants {
    use super::super::{consents::joined_consent, groups::usable_by, users::joined_user};

    pub const CLIENTS: &str = "SELECT c.*,
            (SELECT json_group_array(json_array(lower(hex(hash)), expires_at))
             FROM oauth_client_secrets WHERE client_id = c.id) AS secrets,
            (SELECT json_group_array(uri)
             FROM oauth_client_uris WHERE client_id = c.id AND purpose = 'redirect') AS redirect_uris
        FROM json_each($1) ids CROSS JOIN oauth_clients c ON c.id = ids.value";
    pub const PROOFS: &str =
        "SELECT g.id, g.client_id, g.code_hash, g.code_redirect_uri, g.code_challenge, g.code_nonce,
            g.code_expires_at, g.code_redeemed_at
        FROM json_each($1) ids CROSS JOIN oauth_grants g ON g.id = ids.value";
    pub const STANDINGS: &str = concat!(
        "SELECT g.*, ",
        joined_user!(),
        ", ",
        joined_consent!(),
        ", c.revoked_at AS client_session_revoked_at, c.session_id, s.revoked_at AS session_revoked_at,
            s.idle_expires_at AS session_idle_expires_at, s.absolute_expires_at AS session_absolute_expires_at, ",
        usable_by!("g.client_id", "g.user_id"),
        " AS may_use,
            (SELECT json_group_array(name) FROM (
                SELECT o.name FROM user_group_members m JOIN user_groups o ON o.id = m.group_id
                WHERE m.user_id = g.user_id ORDER BY o.name)) AS group_names
        FROM json_each($1) ids CROSS JOIN oauth_grants g ON g.id = ids.value
        CROSS JOIN oauth_client_sessions c ON c.id = g.client_session_id
        CROSS JOIN users u ON u.id = g.user_id LEFT JOIN sessions s ON s.id = c.session_id
        LEFT JOIN oauth_consents k ON k.user_id = g.user_id AND k.client_id = g.client_id"
    );
    pub const GROUNDS: &str = concat!(
        "SELECT ids.value AS pair, s.*, ",
        joined_user!(),
        ", ",
        joined_consent!(),
        ", c.disabled_at IS NULL AS client_is_enabled, l.id AS client_session_id, ",
        usable_by!("c.id", "u.id"),
        " AS may_use
        FROM json_each($1) ids CROSS JOIN sessions s ON s.id = substr(ids.value, 1, 36)
        CROSS JOIN users u ON u.id = s.user_id CROSS JOIN oauth_clients c ON c.id = substr(ids.value, 38)
        LEFT JOIN oauth_client_sessions l ON l.session_id = s.id AND l.client_id = c.id AND l.revoked_at IS NULL
        LEFT JOIN oauth_consents k ON k.user_id = u.id AND k.client_id = c.id"
    );
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

/// Accounts of ids that come as a JSON array.
pub const USERS: &str = "SELECT u.* FROM json_each($1) ids CROSS JOIN users u ON u.id = ids.value";

/// How a transaction begins that may write. Whether a commit waits for the disk is a setting of the connection, so each
/// transaction sets it, with the same trip to the connection's thread.
pub const BEGIN: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// Its commit is in the log, and the next one that waits for the disk takes it there, for the log keeps their order.
pub const BEGIN_WITH_ASYNCHRONOUS_COMMIT: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

/// Four of them are held for as long as the program runs ([`super::held_reader`]).
const READERS: u32 = 8;
/// KiB of the database that each connection keeps: a quarter of SQLite's 2 MiB is enough for the inner pages of a
/// large database. The rest is in the system's memory anyway, once for all of them.
const CACHE: &str = "-512";
/// How long a statement waits for another process's lock (`latchkey user add` beside a running server).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// SQLite has one writer at a time. Queueing for one connection in the program is fair and cheap; several that fight
/// for the file's lock are neither.
#[derive(Clone, Debug)]
pub struct Pools {
    pub writer: SqlitePool,
    pub readers: SqlitePool,
    pub copier: Copier,
    pub accounts: AccountVersion,
    suspicion: Suspicion,
    committed: Arc<Notify>,
}

/// Whether the writer connection has failed and must be replaced before it is used again.
#[derive(Clone, Debug, Default)]
struct Suspicion(Arc<AtomicBool>);

impl Suspicion {
    fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn settle(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// A transaction on the writer connection.
///
/// When a disk is full or fails, SQLite rolls back by itself. The `ROLLBACK` that follows is an error then, and sqlx
/// believes for ever that the connection is inside a transaction. So it is looked at before each use, and replaced.
pub struct Write {
    pub tx: Transaction<'static, Sqlite>,
    accounts: AccountVersion,
    suspicion: Suspicion,
    committed: Arc<Notify>,
}

impl Pools {
    /// Begins a transaction that may write. If that fails, it is tried once more on a new connection.
    pub async fn begin(&self, statement: &'static str) -> Result<Write, sqlx::Error> {
        match self.try_begin(statement).await {
            Err(error) if is_suspicious(&error) => {
                tracing::warn!(%error, "the writer connection failed; it is replaced");
                self.suspicion.raise();
                self.try_begin(statement).await
            }
            outcome => outcome,
        }
    }

    /// Until somebody has committed since it was waited for the last time.
    pub async fn commit_by_somebody(&self) {
        self.committed.notified().await;
    }

    /// Copies the log into the database while others write, if it is long.
    pub async fn copy_long_log(&self) -> Result<(), sqlx::Error> {
        self.copier.copy_long_log(&self.writer).await
    }

    /// Closes the connections, the writer's last: it leaves no log behind.
    pub async fn close(&self) {
        self.copier.connection.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn try_begin(&self, statement: &'static str) -> Result<Write, sqlx::Error> {
        let tx = self.writer.begin_with(statement).await?;
        let (accounts, suspicion) = (self.accounts.clone(), self.suspicion.clone());
        Ok(Write { tx, accounts, suspicion, committed: self.committed.clone() })
    }
}

impl Write {
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { tx, accounts, suspicion, committed } = self;
        let outcome = if accounts.take_touched() {
            // In a task of its own: a request may be dropped, and SQLite commits all the same.
            let commit = tokio::spawn(async move {
                let outcome = tx.commit().await;
                accounts.advance()?;
                outcome
            });
            commit.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
        } else {
            tx.commit().await
        };
        if outcome.is_err() {
            suspicion.raise();
        }
        committed.notify_one();
        outcome
    }
}

/// Whether a new connection may help: not where the file is locked by another process, or the program is stopping.
fn is_suspicious(error: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => false,
        sqlx::Error::Database(error) => {
            // The low byte is the error, the rest says more of it.
            error.code().and_then(|code| code.parse::<i32>().ok()).is_none_or(|code| code & 0xff != BUSY)
        }
        _ => true,
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
    let suspicion = Suspicion::default();
    let writer = pool(1)
        .before_acquire({
            let suspicion = suspicion.clone();
            move |connection, _| {
                let usable = !suspicion.settle() && !connection.is_in_transaction();
                Box::pin(std::future::ready(Ok(usable)))
            }
        })
        .after_connect({
            let accounts = accounts.clone();
            move |connection, _| {
                let accounts = accounts.clone();
                Box::pin(async move {
                    connection.lock_handle().await?.set_update_hook(move |change| accounts.note(&change));
                    copy_doubtful_log(connection).await;
                    Ok(())
                })
            }
        })
        .connect_with(options.clone().optimize_on_close(true, None))
        .await
        .map_err(connect)?;
    migrate(&writer).await.map_err(|error| OpenError::Migrate { database: database.clone(), error })?;
    let copier = Copier::new(options.clone());
    let readers = pool(READERS)
        .connect_with(options.read_only(true).create_if_missing(false))
        .await
        .map_err(connect)?;
    Ok(Pools { writer, readers, copier, accounts, suspicion, committed: Arc::default() })
}

/// A disk that failed once while it was waited for may lack commits that did not wait, and the system does not write them
/// again. So each connection that writes begins by copying the log, which is read from memory: one that replaces a connection
/// that failed, and the first of a program that was started anew.
async fn copy_doubtful_log(writer: &mut SqliteConnection) {
    if let Err(error) = wal::copy(writer).await {
        tracing::warn!(%error, "the log of the database could not be copied by the connection that begins to write");
    }
}

/// Brings the tables up to date. A new database goes through many steps, and none of them waits for the disk: the next
/// commit does, for itself and all before it. The log keeps their order, so a power cut leaves the database at one of them.
async fn migrate(writer: &SqlitePool) -> Result<(), MigrateError> {
    let mut connection = writer.acquire().await?;
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
