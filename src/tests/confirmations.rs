//! Remembering that the newest generation of a session was used.

use std::time::Duration;

use super::cluster::{session_id, sign_in_often, until_one_waits};
use crate::{
    model::id::SessionId,
    server::{
        store::{Store, sessions},
        tokens::refresh::confirm::Confirmations,
    },
    tests::test_app::{Backend, TestApp},
};

async fn is_confirmed(store: &Store, session: &SessionId) -> bool {
    sessions::by_id(&mut store.read().await.unwrap(), session).await.unwrap().unwrap().confirmed
}

#[tokio::test]
async fn a_confirmation_that_could_not_be_written_is_noted_again() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    sign_in_often(&app, "ada@example.org", 1).await;
    let closed = TestApp::start().await;
    closed.state.store.close().await;
    let (confirmations, mut writer) = Confirmations::channel();
    confirmations.note(&session_id(0), 0);
    writer.write_next(&closed.state.store).await;
    confirmations.note(&session_id(0), 0);
    writer.write_next(&app.state.store).await;
    assert!(is_confirmed(&app.state.store, &session_id(0)).await);
}

#[tokio::test]
async fn confirmations_lock_sessions_in_one_order() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    app.sign_up("ada@example.org").await;
    sign_in_often(&app, "ada@example.org", 2).await;
    let store = app.state.store.clone();
    let (confirmations, mut writer) = Confirmations::channel();
    for n in [1, 0] {
        confirmations.note(&session_id(n), 0);
    }
    let mut other = store.begin().await.unwrap();
    sessions::lock_by_id(&mut other, &session_id(0)).await.unwrap();
    let written = tokio::spawn({
        let store = store.clone();
        async move { writer.write_next(&store).await }
    });
    until_one_waits(&app, || written.is_finished()).await;
    // In the order of arrival the second session would be held by whoever waits for the first one.
    sessions::lock_by_id(&mut other, &session_id(1)).await.unwrap();
    other.commit().await.unwrap();
    written.await.unwrap();
    assert!(is_confirmed(&store, &session_id(0)).await && is_confirmed(&store, &session_id(1)).await);
}

#[tokio::test]
async fn a_page_load_confirms_the_newest_refresh_token() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let mut thief = browser.thief();
    app.advance(Duration::from_secs(3600));
    browser.refresh().await.assert_status(200);
    browser.get("/dashboard").await.assert_status(200);
    super::refresh::until_confirmed(&app, &browser).await;
    app.advance(Duration::from_secs(31));
    thief.refresh().await.assert_error(401, "session_reused");
}
