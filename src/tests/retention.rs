//! Deleting what has expired, in batches.

use std::time::Duration;

use crate::{
    server::{
        client_info::{ActionContext, ClientInfo},
        store::{
            audit::{self, Event, EventKind},
            one_time_tokens::{self, Purpose},
        },
        tasks::housekeeping,
    },
    tests::test_app::{Backend, TestApp},
};

const DAY: Duration = Duration::from_secs(86_400);

/// Writes that many events at once.
async fn write_events(app: &TestApp, count: usize) {
    let client = ClientInfo { request_id: "test".to_owned(), ..ClientInfo::program() };
    let context = ActionContext { now: app.clock.now(), client: &client };
    let mut tx = app.state.store.begin().await.unwrap();
    for _ in 0..count {
        audit::record(&mut tx, context, &Event::new(EventKind::SignInFailed)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn delete_expired(app: &TestApp) {
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
}

#[tokio::test]
async fn audit_events_are_deleted_after_their_retention_and_not_before() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[("LATCHKEY_AUDIT_RETENTION", "30d")]).await;
        // More than one batch.
        write_events(&app, 350).await;
        app.advance(DAY);
        write_events(&app, 2).await;
        app.advance(29 * DAY);
        delete_expired(&app).await;
        assert_eq!(app.events().await.len(), 352, "the oldest is 30 days old to the millisecond");
        app.advance(Duration::from_millis(1));
        delete_expired(&app).await;
        assert_eq!(app.events().await.len(), 2);
    }
}

#[tokio::test]
async fn audit_events_are_kept_for_ever_if_the_retention_is_off() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_AUDIT_RETENTION", "off")]).await;
    write_events(&app, 1).await;
    app.advance(36_500 * DAY);
    delete_expired(&app).await;
    assert_eq!(app.events().await.len(), 1);
}

#[tokio::test]
async fn expired_one_time_tokens_of_more_than_one_batch_are_all_deleted() {
    let app = TestApp::start().await;
    let mut tx = app.state.store.begin().await.unwrap();
    let (soon, later) = (app.clock.now() + DAY, app.clock.now() + 2 * DAY);
    for n in 0..250_u16 {
        one_time_tokens::insert(&mut tx, Purpose::Setup, &n.to_be_bytes(), None, soon).await.unwrap();
    }
    one_time_tokens::insert(&mut tx, Purpose::Setup, b"later", None, later).await.unwrap();
    tx.commit().await.unwrap();
    app.advance(DAY);
    delete_expired(&app).await;
    let mut tx = app.state.store.begin().await.unwrap();
    assert_eq!(one_time_tokens::delete_expired(&mut tx, later, 1000).await.unwrap(), 1);
}
