//! Refreshes that share one commit: each gets its own answer, whatever the others present.

#![expect(
    clippy::disallowed_methods,
    reason = "what breaks a row or the database is no statement of the program"
)]

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;

use crate::{
    server::store::{counted, on_db},
    tests::test_app::{Answer, Backend, Browser, TestApp},
};

const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];
const HOUR: Duration = Duration::from_secs(3600);

/// Browsers in which accounts of their own are signed in, an hour ago.
async fn browsers(app: &TestApp, count: usize) -> Vec<Browser> {
    let mut browsers = Vec::new();
    for n in 0..count {
        browsers.push(app.sign_up(&format!("user{n}@example.org")).await);
    }
    app.advance(HOUR);
    browsers
}

/// All refresh at the same moment. The test's runtime has one thread: each has sent its request before the first of them
/// is taken up.
async fn refresh_together(browsers: &mut [Browser]) -> Vec<Answer> {
    join_all(browsers.iter_mut().map(Browser::refresh)).await
}

/// Runs a statement that the program would never run.
async fn run(app: &TestApp, sql: &'static str) {
    let mut tx = app.state.store.begin().await.unwrap();
    on_db!(&mut tx, |c| sqlx::query(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

fn user_of(answer: &Answer) -> String {
    answer.assert_status(200).json()["user"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn many_refreshes_at_once_share_commits_and_get_each_their_own_answer() {
    for backend in BOTH {
        let app = TestApp::with(backend, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
        // Fifty sessions once each, and one of them by fifty tabs.
        let mut all = browsers(&app, 50).await;
        let before: Vec<_> = all.iter().map(Browser::refresh_token).collect();
        all.extend(vec![all[0].clone(); 49]);
        let statements = counted::so_far();
        let answers = refresh_together(&mut all).await;
        let statements = counted::so_far() - statements;
        assert!(statements < 50, "{backend:?}: {statements} statements for 99 refreshes");

        let users: BTreeSet<_> = answers.iter().take(50).map(user_of).collect();
        assert_eq!(users.len(), 50, "{backend:?}");
        for (browser, before) in all.iter().zip(&before) {
            assert_ne!(browser.refresh_token(), *before);
            browser.use_token().await.assert_status(200);
        }
        for (tab, answer) in all.iter().zip(&answers).skip(50) {
            assert_eq!(
                (tab.refresh_token(), user_of(answer)),
                (all[0].refresh_token(), user_of(&answers[0]))
            );
        }
    }
}

#[tokio::test]
async fn a_thief_in_a_group_is_caught_and_the_others_are_served() {
    for backend in BOTH {
        let app = TestApp::with(backend, &[]).await;
        let mut all = browsers(&app, 5).await;
        let thief = all[2].thief();
        for _ in 0..2 {
            all[2].refresh().await.assert_status(200);
            app.advance(HOUR);
        }
        all[3] = thief;
        let answers = refresh_together(&mut all).await;
        answers[3].assert_error(401, "session_reused");
        for n in [0, 1, 4] {
            user_of(&answers[n]);
        }
        all[2].refresh().await.assert_error(401, "session_reused");
        assert_eq!(app.events().await.iter().filter(|event| *event == "refresh_token_reused").count(), 1);
    }
}

#[tokio::test]
async fn a_row_that_breaks_a_rule_fails_only_its_own_refresh() {
    for backend in BOTH {
        let app = TestApp::with(backend, &[]).await;
        let mut all = browsers(&app, 3).await;
        run(&app, "UPDATE users SET email = 'no address' WHERE email = 'user1@example.org'").await;
        let answers = refresh_together(&mut all).await;
        answers[1].assert_error(503, "unavailable");
        user_of(&answers[0]);
        user_of(&answers[2]);
    }
}

#[tokio::test]
async fn a_group_that_can_not_be_committed_is_told_to_nobody_and_can_be_tried_again() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    let mut all = browsers(&app, 3).await;
    let before: Vec<_> = all.iter().map(Browser::refresh_token).collect();
    // Refuses at the commit, when every statement has gone well.
    run(
        &app,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'",
    )
    .await;
    run(
        &app,
        "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    .await;
    for answer in refresh_together(&mut all).await {
        answer.assert_error(503, "unavailable");
    }
    assert_eq!(all.iter().map(Browser::refresh_token).collect::<Vec<_>>(), before);
    run(&app, "DROP TRIGGER refuse ON sessions").await;
    for answer in refresh_together(&mut all).await {
        answer.assert_status(200);
    }
}

#[tokio::test]
async fn a_refresh_of_a_disabled_or_deleted_account_in_a_group_is_refused() {
    let app = TestApp::start().await;
    let mut all = browsers(&app, 3).await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    for (n, path) in [(0, "/api/admin/users/disable"), (1, "/api/admin/users/delete")] {
        let id = app.user(&format!("user{n}@example.org")).await.id.to_string();
        admin.post(path, &[("user_id", &id)]).await.assert_status(200);
    }
    let answers = refresh_together(&mut all).await;
    assert_eq!(answers[0].assert_status(401).code(), "session_revoked");
    assert_eq!(answers[1].assert_status(401).code(), "session_revoked");
    user_of(&answers[2]);
}

#[tokio::test]
async fn groups_on_two_nodes_answer_each_their_own_and_agree_on_a_session_that_both_refresh() {
    let first = TestApp::with(Backend::Postgres, &[("LATCHKEY_RATE_LIMIT", "off")]).await;
    let second = first.another_node().await;
    let mut all = browsers(&first, 20).await;
    // Every second browser talks to the other node, and twenty tabs of one browser to either.
    all.extend(vec![all[0].clone(); 20]);
    let mut all: Vec<_> = all.iter().enumerate().map(|(n, b)| [&first, &second][n % 2].same(b)).collect();
    let answers = refresh_together(&mut all).await;
    let users: BTreeSet<_> = answers.iter().take(20).map(user_of).collect();
    assert_eq!(users.len(), 20);
    for (tab, answer) in all.iter().zip(&answers).skip(20) {
        assert_eq!((tab.refresh_token(), user_of(answer)), (all[0].refresh_token(), user_of(&answers[0])));
    }
    for browser in &all {
        for node in [&first, &second] {
            node.same(browser).use_token().await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_forged_token_of_a_session_that_was_refreshed_is_refused_without_asking_the_database() {
    let app = TestApp::start().await;
    let mut browser = browsers(&app, 1).await.remove(0);
    browser.refresh().await.assert_status(200);
    let mut forger = browser.forger();
    let statements = counted::so_far();
    forger.refresh().await.assert_error(401, "no_session");
    assert_eq!(counted::so_far(), statements);
    app.advance(HOUR);
    browser.refresh().await.assert_status(200);
}

#[tokio::test]
async fn the_token_of_a_session_that_has_ended_locks_nothing_when_it_is_presented_again() {
    let app = TestApp::start().await;
    let mut browser = browsers(&app, 1).await.remove(0);
    browser.refresh().await.assert_status(200);
    let mut left_behind = browser.thief();
    browser.sign_out().await.assert_status(200);
    left_behind.clone().refresh().await.assert_error(401, "session_revoked");
    // While somebody writes, who is refused does not wait.
    let writer = app.state.store.begin().await.unwrap();
    left_behind.refresh().await.assert_error(401, "session_revoked");
    drop(writer);
}
