//! PostgreSQL: one pool, row locks.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    query_scalar,
};
use tokio::time::timeout;

use super::{OpenError, newer_than_known};

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// What the database gives up for us. A URL that sets one of them is obeyed.
const LIMITS: [(&str, &str); 2] = [
    // Whoever waits for a lock has a connection, of which there are few, and a page that is only read needs one too.
    ("lock_timeout", "5s"),
    // A node that is gone without a word must not hold the rows that it had locked.
    ("idle_in_transaction_session_timeout", "30s"),
];

/// How long a connection that is given back may take to end what it was doing.
const LONGEST_FAREWELL: Duration = Duration::from_secs(5);

/// The channel on which nodes hear of changes.
const CHANNEL: &str = "latchkey_changes";
/// Heard when, and only if, the transaction is committed.
pub const NOTIFY: &str = "SELECT pg_notify('latchkey_changes', '')";

/// The time now, and not that of the transaction's beginning, in milliseconds.
pub const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

pub async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Row locks, for [`super::Tx::lock_row`].
pub mod lock {
    pub const SESSION: &str = "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE";
    /// In one order, whoever asks: two who lock several sessions never wait for each other in a circle.
    pub const SESSIONS_OF_USER: &str =
        "SELECT 1 FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id FOR UPDATE";
    pub const ALL_SESSIONS: &str =
        "SELECT 1 FROM sessions WHERE revoked_at IS NULL AND id > $1 ORDER BY id FOR UPDATE";
    pub const USER: &str = "SELECT 1 FROM users WHERE id = $1 FOR UPDATE";
    /// Against other changes of it; what hangs on a client is added meanwhile.
    pub const CLIENT: &str = "SELECT 1 FROM oauth_clients WHERE id = $1 FOR NO KEY UPDATE";
    pub const CLIENT_SESSION: &str = "SELECT 1 FROM oauth_client_sessions WHERE id = $1 FOR UPDATE";
    pub const GRANT: &str = "SELECT 1 FROM oauth_grants WHERE id = $1 FOR UPDATE";
    /// A lock that belongs to no row, by its name.
    pub const ADVISORY: &str = "SELECT pg_advisory_xact_lock(hashtext($1))";
}

/// Statements about many rows, which come as a JSON array.
pub mod sessions {
    macro_rules! sessions {
        ($lock:literal) => {
            concat!(
                "SELECT s.*, u.email, u.display_name, u.password_hash, u.editor, u.admin, u.token_epoch, u.credential_epoch,
                     u.disabled_at, u.email_verified_at,
                     u.created_at AS user_created_at
                 FROM json_array_elements_text($1::json) ids(value)
                 JOIN sessions s ON s.id = ids.value JOIN users u ON u.id = s.user_id",
                $lock
            )
        };
    }
    pub const READ: &str = sessions!("");
    /// In one order, so that two nodes never wait for each other.
    pub const LOCK: &str = sessions!(" ORDER BY s.id FOR UPDATE OF s");
    /// The order of the values is that of [`super::super::many_sessions::advance`].
    pub const ADVANCE: &str = "UPDATE sessions SET generation = (n.value->>2)::bigint,
            confirmed = (n.value->>3)::boolean, rotated_at = (n.value->>4)::bigint,
            last_seen_at = (n.value->>5)::bigint, idle_expires_at = (n.value->>6)::bigint, token_kid = n.value->>7,
            token_expires_at = (n.value->>8)::bigint, user_agent = n.value->>9, ip = n.value->>10,
            authenticated_at = (n.value->>11)::bigint, authenticated_before = (n.value->>12)::bigint,
            replaced_at = (n.value->>13)::bigint, methods = n.value->>14, methods_before = n.value->>15
        FROM json_array_elements($1::json) n(value)
        WHERE sessions.id = n.value->>0 AND sessions.generation = (n.value->>1)::bigint
            AND sessions.revoked_at IS NULL";
}

/// What ends together: grants of client sessions, the deliveries that tell of it, and the invalidations. The order of the
/// values is that of the functions that bind them.
pub mod endings {
    pub const REVOKE_GRANTS: &str = "UPDATE oauth_grants
        SET revoked_at = (n.value->>1)::bigint, revoked_reason = n.value->>2
        FROM json_array_elements($1::json) n(value)
        WHERE oauth_grants.client_session_id = n.value->>0 AND oauth_grants.revoked_at IS NULL";
    pub const ENQUEUE: &str = "INSERT INTO logout_deliveries
            (id, client_id, uri, algorithm, user_id, sid, created_at, next_attempt_at, attempts, claimed_until)
        SELECT n.value->>0, c.id, c.backchannel_logout_uri, c.id_token_alg, n.value->>2, n.value->>3,
            (n.value->>4)::bigint, (n.value->>4)::bigint, 0, 0
        FROM json_array_elements($1::json) n(value) JOIN oauth_clients c ON c.id = n.value->>1
        WHERE c.backchannel_logout_uri IS NOT NULL";
    pub const INVALIDATE: &str = "INSERT INTO invalidations (session_id, user_id, epoch, expires_at)
        SELECT value->>0, value->>1, (value->>2)::bigint, (value->>3)::bigint
        FROM json_array_elements($1::json) WITH ORDINALITY n(value, place) ORDER BY place";
}

/// Accounts of ids that come as a JSON array.
pub const USERS: &str =
    "SELECT u.* FROM json_array_elements_text($1::json) ids(value) JOIN users u ON u.id = ids.value";

pub async fn open(url: &str) -> Result<PgPool, OpenError> {
    let (database, pool) = connect(url).await?;
    migrate(&pool).await.map_err(|error| OpenError::Migrate { database, error })?;
    Ok(pool)
}

/// One node migrates, and the others wait for it, however long it takes.
async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let patient = (*pool.connect_options()).clone().options([("lock_timeout", "0")]);
    let mut connection = patient.connect().await?;
    MIGRATOR.run(&mut connection).await?;
    Ok(connection.close().await?)
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
    let given = options.get_options().unwrap_or_default().to_owned();
    let options = options.options(LIMITS.into_iter().filter(|(name, _)| !given.contains(name)));
    let database = format!("{} on {}", options.get_database().unwrap_or("postgres"), options.get_host());
    let failed = |error| OpenError::Connect { database: database.clone(), error };
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        // A connection is asked whether it still answers before it goes back to the pool. sqlx waits for that without end,
        // and meanwhile the connection counts as one of few.
        .after_release(|connection, _| Box::pin(answers(connection)))
        .connect_with(options)
        .await
        .map_err(failed)?;
    let applied = applied_version(&pool).await.map_err(failed)?;
    match newer_than_known(applied, &MIGRATOR) {
        Some((found, known)) => Err(OpenError::Newer { database, found, known }),
        None => Ok((database, pool)),
    }
}

/// Whether a connection answers soon. An error has it closed without a farewell, for which it would be waited too.
async fn answers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    timeout(LONGEST_FAREWELL, connection.ping()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
    Ok(true)
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
