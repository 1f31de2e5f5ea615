//! A disk that fills and empties again: nothing is wedged, and nobody has to restart the program.

#![expect(clippy::disallowed_methods, reason = "the database is told to be full by SQL")]

use std::time::Duration;

use crate::{
    server::store::Store,
    tests::test_app::{Backend, TestApp},
};

/// Tells the connection that writes something. A PRAGMA holds until that connection is closed.
async fn tell_writer(app: &TestApp, sql: &'static str) {
    let Store::Sqlite(pools) = &app.state.store else { unreachable!("this is about SQLite") };
    sqlx::query(sql).execute(&mut pools.writer.lock().await.unwrap().connection).await.unwrap();
}

/// Signs people up until the database is full.
async fn fill(app: &TestApp) {
    // No smaller than it is, says SQLite: not one page more.
    tell_writer(app, "PRAGMA max_page_count = 1").await;
    for n in 0..1000 {
        let answer = app.browser().sign_up(&format!("person{n}@example.org")).await;
        if answer.status == 503 {
            answer.assert_error(503, "unavailable");
            return;
        }
    }
    panic!("the database never was full");
}

#[tokio::test]
async fn a_full_disk_stops_nothing_once_it_has_room_again() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    let mut browser = app.sign_up("ada@example.org").await;
    fill(&app).await;
    // There is room again. Whether SQLite has rolled back by itself depends on the statement that found none; a connection
    // that does not know so is replaced.
    tell_writer(&app, "PRAGMA max_page_count = 1000000").await;
    app.sign_up("eve@example.org").await;
    app.advance(Duration::from_secs(3600));
    browser.refresh().await.assert_status(200);
    app.browser().get("/readyz").await.assert_status(200);
}

#[tokio::test]
async fn readyz_says_whether_the_database_takes_writes() {
    let app = TestApp::start().await;
    app.browser().get("/readyz").await.assert_status(200);
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON write_probe BEGIN SELECT RAISE(ABORT, 'no'); END";
    tell_writer(&app, refuse).await;
    app.advance(Duration::from_secs(1));
    app.browser().get("/readyz").await.assert_status(503);
    tell_writer(&app, "DROP TRIGGER refuse").await;
    app.advance(Duration::from_secs(1));
    app.browser().get("/readyz").await.assert_status(200);
}

#[tokio::test]
async fn readyz_asks_the_database_once_a_second_at_the_most() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        app.browser().get("/readyz").await.assert_status(200);
        let before = crate::server::store::counted::so_far();
        for _ in 0..10 {
            app.browser().get("/readyz").await.assert_status(200);
        }
        assert_eq!(crate::server::store::counted::so_far(), before, "{backend:?}");
    }
}
