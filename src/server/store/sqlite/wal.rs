//! SQLite's write-ahead log, and who copies it into the database. `docs/decisions/0036-the-log-is-copied-beside-the-requests.md`
//! says why.

use std::{
    fs::File,
    io,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool, query, query_as, sqlite::SqliteConnectOptions};

use super::pool;

/// Pages of the log that are gathered before they are copied. Most are written again and again, and are copied once. But the
/// more are copied at once, the longer the disk is busy.
const COPIED_TOGETHER: i64 = 500;
/// While there is always somebody who writes, the log begins anew with so many pages, and everybody who writes waits a moment
/// for that.
const FULL: i64 = 32_000;
/// From here on whoever writes copies them, and everybody who writes waits for it: where nothing else does, as beside a
/// command, or does not keep up.
pub const LONGEST: &str = "48000";
/// How much the thread that copies stands back for others: between 0, which is not at all, and 19, where it would get next to nothing
/// while others want all of the processors.
const NICENESS: i32 = 10;

/// Copies what is in the log, as far as nobody is in the way.
pub async fn copy(connection: impl SqliteExecutor<'_>) -> Result<(), sqlx::Error> {
    query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await.map(drop)
}

/// Copies the log beside those who write.
#[derive(Clone, Debug)]
pub struct Copier {
    pub connection: SqlitePool,
    file: Arc<DatabaseFile>,
}

impl Copier {
    /// It connects when there is something to copy.
    pub fn new(options: SqliteConnectOptions) -> Self {
        let file = Arc::new(DatabaseFile::new(options.get_filename()));
        let connection = pool(1).after_connect(|connection, _| Box::pin(stand_back(connection)));
        Self { connection: connection.connect_lazy_with(options), file }
    }

    /// Copies the log while others write, if many of its pages wait for that. Returns whether it is full.
    pub async fn copy_long_log(&self) -> Result<bool, sqlx::Error> {
        let look = "PRAGMA wal_checkpoint(NOOP)";
        let (_, pages, copied): (i64, i64, i64) = query_as(look).fetch_one(&self.connection).await?;
        let waiting = pages - copied;
        let is_full = pages >= FULL && waiting > 0;
        if is_full || waiting >= COPIED_TOGETHER {
            copy(&self.connection).await?;
        }
        if is_full {
            // Who copies the last pages waits until the disk has the whole database, and everybody who writes waits too. So
            // the disk gets what was copied since the last time before that, and what is written meanwhile is copied.
            let file = self.file.clone();
            let synced = tokio::task::spawn_blocking(move || file.sync()).await;
            synced.map_err(io::Error::other)??;
            copy(&self.connection).await?;
        }
        Ok(is_full)
    }
}

/// The connection's thread gives way to those that answer requests. Otherwise one that is woken on the same core waits until the copy
/// is made. SQLite calls the handler on the connection's thread.
async fn stand_back(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    connection.lock_handle().await?.set_progress_handler(1, || {
        // Elsewhere this would be for the whole program.
        if cfg!(target_os = "linux")
            && let Err(error) = rustix::process::setpriority_process(None, NICENESS)
        {
            tracing::debug!(%error, "the log of the database is copied with the priority of a request");
        }
        true
    });
    query("SELECT 1").execute(&mut *connection).await?;
    connection.lock_handle().await?.remove_progress_handler();
    Ok(())
}

/// The file of the database, beside SQLite's connections to it.
///
/// When a program closes a file, it loses all locks that it has on it, those of SQLite's connections too: other processes
/// would take the database for theirs (<https://www.sqlite.org/howtocorrupt.html>, §2.2). So this one is never closed.
#[derive(Debug)]
struct DatabaseFile {
    path: PathBuf,
    opened: OnceLock<ManuallyDrop<File>>,
}

impl DatabaseFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), opened: OnceLock::new() }
    }

    /// Waits until the disk has what was copied into the database.
    fn sync(&self) -> io::Result<()> {
        let file = match self.opened.get() {
            Some(file) => file,
            None => {
                let file = ManuallyDrop::new(File::open(&self.path)?);
                self.opened.get_or_init(|| file)
            }
        };
        file.sync_data()
    }
}
