//! The log of SQLite, which is copied into the database beside the requests.

#![expect(clippy::disallowed_methods, reason = "the log is looked at, and made long, by SQL")]

use sqlx::{Connection, SqliteConnection};

use crate::{
    server::{
        store::{Store, Tx, sqlite::writer::Writer},
        tasks::checkpoints,
    },
    tests::test_app::{Backend, TestApp},
};

/// Pages in the log, and how many of them are copied.
async fn log(writer: &Writer) -> (i64, i64) {
    look(&mut writer.lock().await.unwrap().connection).await
}

async fn look(connection: &mut SqliteConnection) -> (i64, i64) {
    let look = "PRAGMA wal_checkpoint(NOOP)";
    let (_, pages, copied): (i64, i64, i64) = sqlx::query_as(look).fetch_one(connection).await.unwrap();
    (pages, copied)
}

/// Waits until so many pages of the log are copied. Looks beside the writer.
async fn until_copied(app: &TestApp, pages: i64) {
    let path = app.database.file();
    let mut looking = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    while look(&mut looking).await.1 < pages {
        tokio::task::yield_now().await;
    }
}

/// Writes a table of so many pages.
async fn write_pages(writer: &Writer, pages: i64) {
    let connection = &mut writer.lock().await.unwrap().connection;
    sqlx::query("CREATE TABLE IF NOT EXISTS filler (data BLOB)").execute(&mut *connection).await.unwrap();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $1)
                INSERT INTO filler SELECT randomblob(4000) FROM n";
    sqlx::query(fill).bind(pages).execute(connection).await.unwrap();
}

#[tokio::test]
async fn a_long_log_is_copied_a_full_one_begins_anew_and_a_short_one_is_left_alone() {
    let app = TestApp::with(Backend::Sqlite, &[]).await;
    let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
    let (short, _) = log(&pools.writer).await;
    pools.copy_long_log().await.unwrap();
    assert_eq!(log(&pools.writer).await, (short, 0));

    write_pages(&pools.writer, 3000).await;
    let (long, copied) = log(&pools.writer).await;
    assert!(long > 3000 && copied == 0, "{copied} of {long} pages were copied by who wrote them");
    pools.copy_long_log().await.unwrap();
    assert_eq!(log(&pools.writer).await, (long, long));

    write_pages(&pools.writer, 32_000).await;
    let (full, copied) = log(&pools.writer).await;
    assert!(full > 32_000 && copied < full, "{copied} of {full} pages were copied by who wrote them");
    pools.copy_long_log().await.unwrap();
    assert_eq!(log(&pools.writer).await, (full, full));

    app.sign_up("ada@example.org").await;
    let (anew, _) = log(&pools.writer).await;
    assert!(anew < 500, "{anew} pages");
}

#[tokio::test]
async fn the_log_is_copied_while_somebody_writes() {
    let app = TestApp::with(Backend::Sqlite, &[]).await;
    let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
    write_pages(&pools.writer, 3000).await;
    let (long, _) = log(&pools.writer).await;
    let writing = app.state.store.begin().await.unwrap();
    let copying = tokio::spawn({
        let pools = pools.clone();
        async move { pools.copy_long_log().await }
    });
    // The writer is in the middle of a transaction.
    until_copied(&app, long).await;
    writing.commit().await.unwrap();
    copying.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_long_log_is_copied_when_somebody_has_committed() {
    let app = TestApp::with(Backend::Sqlite, &[]).await;
    let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
    let copying = tokio::spawn(checkpoints::run(app.state.clone()));
    write_pages(&pools.writer, 3000).await;
    let (long, _) = log(&pools.writer).await;
    app.state.store.begin().await.unwrap().commit().await.unwrap();
    until_copied(&app, long).await;
    copying.abort();
}

#[tokio::test]
async fn a_connection_that_replaces_one_that_failed_copies_the_log() {
    let app = TestApp::with(Backend::Sqlite, &[]).await;
    let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
    write_pages(&pools.writer, 100).await;
    let (pages, copied) = log(&pools.writer).await;
    assert!(pages > 100 && copied == 0, "{copied} of {pages}");
    // A reference to nobody is noticed by the commit.
    let orphan = "CREATE TABLE orphans (user_id TEXT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);
                  INSERT INTO orphans VALUES ('nobody')";
    let mut failing = app.state.store.begin().await.unwrap();
    let Tx::Sqlite(write) = &mut failing else { unreachable!("this is about SQLite") };
    sqlx::raw_sql(orphan).execute(write.connection()).await.unwrap();
    failing.commit().await.unwrap_err();
    let (all, copied) = log(&pools.writer).await;
    assert!(all >= pages && copied == all, "{copied} of {all}");
}

/// What the system says of it. Elsewhere locks are listed nowhere, and no thread has a niceness of its own.
#[cfg(target_os = "linux")]
mod on_linux {
    use std::{
        fs,
        os::unix::fs::MetadataExt,
        path::Path,
        process,
        sync::{
            Arc,
            atomic::{AtomicI32, Ordering},
        },
    };

    use rustix::process::getpriority_process;
    use sqlx::SqliteConnection;

    use super::write_pages;
    use crate::{
        server::store::Store,
        tests::test_app::{Backend, TestApp},
    };

    /// Whether this program holds a lock on the file, so that others do not take it for theirs alone.
    fn is_locked(file: &Path) -> bool {
        let (pid, inode) = (process::id().to_string(), fs::metadata(file).unwrap().ino().to_string());
        let locks = fs::read_to_string("/proc/locks").unwrap();
        // 1: POSIX  ADVISORY  READ 4711 fe:00:262148 1073741826 1073742335
        locks.lines().any(|lock| {
            let words: Vec<_> = lock.split_whitespace().collect();
            words.get(4) == Some(&&*pid)
                && words.get(5).is_some_and(|place| place.ends_with(&format!(":{inode}")))
        })
    }

    #[tokio::test]
    async fn a_log_that_begins_anew_takes_no_lock_from_the_connections() {
        let app = TestApp::with(Backend::Sqlite, &[]).await;
        let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
        write_pages(&pools.writer, 32_000).await;
        assert!(is_locked(&app.database.file()));
        pools.copy_long_log().await.unwrap();
        assert!(is_locked(&app.database.file()));
        // As who opens and closes it would take it.
        drop(fs::File::open(app.database.file()).unwrap());
        assert!(!is_locked(&app.database.file()));
    }

    /// How much the thread of a connection stands back for others.
    async fn niceness(connection: &mut SqliteConnection) -> i32 {
        let niceness = Arc::new(AtomicI32::new(i32::MIN));
        connection.lock_handle().await.unwrap().set_progress_handler(1, {
            let niceness = niceness.clone();
            move || {
                niceness.store(getpriority_process(None).unwrap(), Ordering::SeqCst);
                true
            }
        });
        sqlx::query("SELECT 1").execute(&mut *connection).await.unwrap();
        connection.lock_handle().await.unwrap().remove_progress_handler();
        niceness.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn who_copies_the_log_stands_back_for_requests() {
        let app = TestApp::with(Backend::Sqlite, &[]).await;
        let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
        let requests = getpriority_process(None).unwrap();
        assert_eq!(niceness(&mut pools.writer.lock().await.unwrap().connection).await, requests);
        assert_eq!(niceness(&mut pools.readers.acquire().await.unwrap()).await, requests);
        assert_eq!(niceness(&mut pools.copier.connection.acquire().await.unwrap()).await, requests.max(10));
    }
}
