//! PostgreSQL: one pool, row locks.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    query_scalar,
};
use tokio::time::timeout;

use super::{Examined, OpenError, Reader, StoreError, newer_than_known, passkeys};

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
    pub const PROVIDER: &str = "SELECT 1 FROM upstream_providers WHERE id = $1 FOR NO KEY UPDATE";
    pub const CLIENT_SESSION: &str = "SELECT 1 FROM oauth_client_sessions WHERE id = $1 FOR UPDATE";
    pub const GRANT: &str = "SELECT 1 FROM oauth_grants WHERE id = $1 FOR UPDATE";
    /// A lock that belongs to no row, by its name.
    pub const ADVISORY: &str = "SELECT pg_advisory_xact_lock(hashtext($1))";
}

/// Statements about many rows, which come as a JSON array.
pub mod sessions {
    use super::super::users::joined_user;

    macro_rules! sessions {
        ($lock:literal) => {
            concat!(
                "SELECT s.*, ",
                joined_user!(),
                " FROM json_array_elements_text($1::json) ids(value)
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

/// Grants, and what they stand on. The order of the values is that of the functions that bind them.
pub mod grants {
    use super::super::{consents::joined_consent, groups::usable_by, users::joined_user};

    macro_rules! standings {
        ($lock:literal) => {
            concat!(
                "SELECT g.*, ",
                joined_user!(),
                ", ",
                joined_consent!(),
                ", c.revoked_at AS client_session_revoked_at, c.session_id, s.revoked_at AS session_revoked_at,
                    s.idle_expires_at AS session_idle_expires_at,
                    s.absolute_expires_at AS session_absolute_expires_at, ",
                usable_by!("g.client_id", "g.user_id"),
                " AS may_use,
                    (SELECT coalesce(json_agg(o.name ORDER BY o.name), '[]')::text
                     FROM user_group_members m JOIN user_groups o ON o.id = m.group_id
                     WHERE m.user_id = g.user_id) AS group_names
                FROM json_array_elements_text($1::json) ids(value) JOIN oauth_grants g ON g.id = ids.value
                JOIN oauth_client_sessions c ON c.id = g.client_session_id
                JOIN users u ON u.id = g.user_id LEFT JOIN sessions s ON s.id = c.session_id
                LEFT JOIN oauth_consents k ON k.user_id = g.user_id AND k.client_id = g.client_id",
                $lock
            )
        };
    }
    macro_rules! grounds {
        ($lock:literal) => {
            concat!(
                "SELECT ids.value AS pair, s.*, ",
                joined_user!(),
                ", ",
                joined_consent!(),
                ", c.disabled_at IS NULL AS client_is_enabled, l.id AS client_session_id, ",
                usable_by!("c.id", "u.id"),
                " AS may_use
                FROM json_array_elements_text($1::json) ids(value) JOIN sessions s ON s.id = substr(ids.value, 1, 36)
                JOIN users u ON u.id = s.user_id JOIN oauth_clients c ON c.id = substr(ids.value, 38)
                LEFT JOIN oauth_client_sessions l
                    ON l.session_id = s.id AND l.client_id = c.id AND l.revoked_at IS NULL
                LEFT JOIN oauth_consents k ON k.user_id = u.id AND k.client_id = c.id",
                $lock
            )
        };
    }
    pub const CLIENTS: &str = "SELECT c.*,
            (SELECT coalesce(json_agg(json_build_array(encode(hash, 'hex'), expires_at)), '[]')::text
             FROM oauth_client_secrets WHERE client_id = c.id) AS secrets,
            (SELECT coalesce(json_agg(uri), '[]')::text
             FROM oauth_client_uris WHERE client_id = c.id AND purpose = 'redirect') AS redirect_uris
        FROM json_array_elements_text($1::json) ids(value) JOIN oauth_clients c ON c.id = ids.value";
    pub const STANDINGS: &str = standings!("");
    pub const LOCK_STANDINGS: &str = standings!(" FOR UPDATE OF c, g SKIP LOCKED");
    pub const GROUNDS: &str = grounds!("");
    pub const LOCK_GROUNDS: &str = grounds!(" FOR UPDATE OF u, s SKIP LOCKED");
    pub const INSERT_CLIENT_SESSIONS: &str = "INSERT INTO oauth_client_sessions
            (id, session_id, user_id, client_id, created_at)
        SELECT value->>0, value->>1, value->>2, value->>3, (value->>4)::bigint
        FROM json_array_elements($1::json) n(value)";
    pub const INSERT_GRANTS: &str = "INSERT INTO oauth_grants
            (id, client_session_id, sign_in_id, client_id, user_id, scopes, resources, auth_time, salt, generation,
             confirmed, rotated_at, created_at, last_used_at, idle_expires_at, absolute_expires_at, methods, acr,
             code_hash, code_redirect_uri, code_challenge, code_nonce, code_expires_at)
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, (value->>7)::bigint,
            decode(value->>8, 'hex'), (value->>9)::bigint, (value->>10)::boolean, (value->>11)::bigint,
            (value->>12)::bigint, (value->>13)::bigint, (value->>14)::bigint, (value->>15)::bigint,
            value->>16, value->>17, decode(value->>18, 'hex'), value->>19, decode(value->>20, 'hex'), value->>21,
            (value->>22)::bigint
        FROM json_array_elements($1::json) n(value)";
    pub const ADVANCE_GRANTS: &str = "UPDATE oauth_grants SET generation = (n.value->>2)::bigint,
            confirmed = (n.value->>3)::boolean, rotated_at = (n.value->>4)::bigint,
            last_used_at = (n.value->>5)::bigint, idle_expires_at = (n.value->>6)::bigint
        FROM json_array_elements($1::json) n(value)
        WHERE oauth_grants.id = n.value->>0 AND oauth_grants.generation = (n.value->>1)::bigint
            AND oauth_grants.revoked_at IS NULL";
    pub const REDEEM_GRANTS: &str = "UPDATE oauth_grants SET code_redeemed_at = (n.value->>1)::bigint
        FROM json_array_elements($1::json) n(value)
        WHERE oauth_grants.id = n.value->>0 AND oauth_grants.code_redeemed_at IS NULL
            AND oauth_grants.code_expires_at > (n.value->>1)::bigint AND oauth_grants.revoked_at IS NULL";
}

/// The order of the values is that of [`super::audit::record_all`].
pub const INSERT_EVENTS: &str = "INSERT INTO audit_events
        (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
    SELECT (value->>0)::bigint, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8
    FROM json_array_elements($1::json) WITH ORDINALITY n(value, place) ORDER BY place";

/// Accounts of ids that come as a JSON array.
pub const USERS: &str =
    "SELECT u.* FROM json_array_elements_text($1::json) ids(value) JOIN users u ON u.id = ids.value";

/// The server writes the commit to the disk within three times `wal_writer_delay`, and with the next commit that waits for it.
pub const BEGIN_WITH_ASYNCHRONOUS_COMMIT: &str = "BEGIN; SET LOCAL synchronous_commit = off";

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
pub async fn examine(url: &str, rp_id: &str) -> Result<Examined, OpenError> {
    let (database, pool) = connect(url).await?;
    let elsewhere = passkeys_elsewhere(&pool, rp_id).await;
    pool.close().await;
    Ok(Examined { finding: format!("{database} answers"), passkeys_elsewhere: elsewhere? })
}

async fn passkeys_elsewhere(pool: &PgPool, rp_id: &str) -> Result<i64, StoreError> {
    if applied_version(pool).await? < Some(passkeys::SINCE) {
        return Ok(0);
    }
    passkeys::count_elsewhere(&mut Reader::Postgres(pool.acquire().await?), rp_id).await
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
