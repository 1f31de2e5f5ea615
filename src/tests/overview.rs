//! The dashboard: one's own account at a glance, and all accounts on the last days.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::Value;

use crate::{
    model::{id::UserId, query::encode},
    server::store::{
        Connection, Queryable, Reader, Store,
        by_ids::{self, Found},
        overviews::{self, OverviewRow},
        sessions,
    },
};

use super::{
    html::open,
    test_app::{Backend, Browser, PASSWORD, TestApp, count_instructions},
};

pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const DAY: Duration = Duration::from_secs(86_400);

/// A browser of that kind, in that network, in which somebody has just signed in.
pub async fn sign_in(app: &TestApp, user_agent: &str, address: [u8; 4]) -> Browser {
    let mut browser = app.browser().at(address);
    let body = encode([("email", "ada@example.org".to_owned()), ("password", PASSWORD.to_owned())].iter());
    let mut request = Browser::form("/api/auth/login", body);
    request.headers_mut().insert("user-agent", user_agent.parse().unwrap());
    let answer = browser.send(request).await;
    answer.assert_status(200);
    browser.access_token = Some(answer.json()["access_token"].as_str().unwrap().to_owned());
    browser
}

async fn overview(browser: &mut Browser) -> Value {
    let answer = browser.post("/api/account/overview", &[]).await;
    answer.assert_status(200);
    answer.json()
}

#[tokio::test]
async fn the_overview_tells_of_the_sign_in_before_and_of_wrong_passwords_since() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut first = app.sign_up("ada@example.org").await;
        let seen = overview(&mut first).await;
        assert_eq!(seen["last_sign_in"], Value::Null, "this session is the first");
        assert_eq!(seen["sessions"], 1);

        app.browser().sign_in("ada@example.org", "not this one").await.assert_status(401);
        app.browser().sign_in("ada@example.org", "nor this one").await.assert_status(401);
        app.advance(Duration::from_secs(60));
        let mut second = sign_in(&app, FIREFOX, [203, 0, 113, 7]).await;
        let seen = overview(&mut second).await;
        assert_eq!(seen["last_sign_in"]["ip"], "203.0.113.7");
        assert_eq!(seen["failed_sign_ins"], 2);
        assert_eq!(seen["sessions"], 2);

        let mut third = sign_in(&app, IPHONE, [198, 51, 100, 1]).await;
        let seen = overview(&mut third).await;
        assert_eq!(seen["last_sign_in"]["device"], "Firefox on Linux");
        assert_eq!(seen["failed_sign_ins"], 0, "they were before the last sign-in");
        let page = open(&mut third, "/dashboard").await.main();
        assert!(page.text().contains("Firefox on Linux · 203.0.113.7"), "{}", page.text());
    }
}

#[tokio::test]
async fn a_session_on_a_new_device_or_in_a_new_network_is_marked_and_the_first_of_all_is_not() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        app.sign_up("ada@example.org").await.sign_out().await.assert_status(200);
        app.advance(Duration::from_secs(1));
        let mut first = sign_in(&app, FIREFOX, [203, 0, 113, 7]).await;
        app.advance(Duration::from_secs(1));
        sign_in(&app, FIREFOX, [203, 0, 113, 7]).await;
        app.advance(Duration::from_secs(1));
        sign_in(&app, FIREFOX, [198, 51, 100, 1]).await;
        app.advance(Duration::from_secs(1));
        sign_in(&app, IPHONE, [198, 51, 100, 1]).await;
        let list = first.post("/api/sessions/list", &[]).await.json();
        let marks: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|session| (session["new_device"] == true, session["new_network"] == true))
            .collect();
        // The newest first.
        assert_eq!(marks, [(true, false), (false, true), (false, false), (true, false)], "{backend:?}");
        assert_eq!(overview(&mut first).await["unusual_sessions"], 1, "{backend:?}");
        let page = open(&mut first, "/account/sessions").await.main();
        assert_eq!(page.texts("span").iter().filter(|text| *text == "First time in this network").count(), 1);
    }
}

#[tokio::test]
async fn a_new_device_is_worth_a_look_for_a_week() {
    let app = TestApp::start().await;
    let mut first = app.sign_up("ada@example.org").await;
    app.advance(Duration::from_secs(60));
    let mut other = sign_in(&app, IPHONE, [203, 0, 113, 7]).await;
    assert_eq!(overview(&mut first).await["unusual_sessions"], 1);
    assert_eq!(overview(&mut other).await["unusual_sessions"], 0, "one's own session is no surprise");
    for _ in 0..8 {
        app.advance(DAY);
        first.refresh().await.assert_status(200);
        other.refresh().await.assert_status(200);
    }
    assert_eq!(overview(&mut first).await["sessions"], 2);
    assert_eq!(overview(&mut first).await["unusual_sessions"], 0);
}

#[tokio::test]
async fn administrators_see_what_happened_on_each_of_the_last_seven_days() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        app.browser().sign_in("admin@example.org", "not this one").await.assert_status(401);
        app.advance(DAY);
        app.sign_up("ada@example.org").await;
        app.sign_up("grace@example.org").await;
        admin.refresh().await.assert_status(200);
        let answer = admin.post("/api/admin/statistics", &[]).await.json();
        let days = answer["days"].as_array().unwrap();
        assert_eq!(days.len(), 7, "{backend:?}");
        let of = |name: &str| days.iter().map(|day| day[name].as_u64().unwrap()).collect::<Vec<_>>();
        assert_eq!(of("new_accounts"), [0, 0, 0, 0, 0, 1, 2], "{backend:?}");
        assert_eq!(of("failed_sign_ins"), [0, 0, 0, 0, 0, 1, 0], "{backend:?}");
        assert_eq!(of("reuse"), [0; 7], "{backend:?}");
        let page = open(&mut admin, "/dashboard").await.main();
        let chart = page.attributes("span").into_iter().find_map(|chart| chart.get("aria-label").cloned());
        assert_eq!(chart.as_deref(), Some("By day, up to today: 0, 0, 0, 0, 0, 1, 2"));
        assert!(page.text().contains("Signing key since"), "{}", page.text());
        // A week later nothing of it is left.
        app.advance(DAY * 5);
        admin.refresh().await.assert_status(200);
        let answer = admin.post("/api/admin/statistics", &[]).await.json();
        assert_eq!(answer["days"][0]["new_accounts"], 1, "{backend:?}");
    }
}

#[tokio::test]
async fn statistics_are_for_administrators_and_an_overview_is_ones_own() {
    let app = TestApp::start().await;
    let mut member = app.sign_up("ada@example.org").await;
    member.post("/api/admin/statistics", &[]).await.assert_error(403, "forbidden");
    let page = open(&mut member, "/dashboard").await.main();
    assert!(!page.text().contains("Failed sign-ins"));
    let mut nobody = app.browser();
    nobody.post("/api/account/overview", &[]).await.assert_error(401, "missing_token");
    nobody.post("/api/admin/statistics", &[]).await.assert_error(401, "missing_token");
}

/// How many instructions of SQLite's machine the overview of a session takes.
async fn cost(reader: &mut Reader, question: &str) -> u64 {
    let Connection::Sqlite(c) = reader.connection() else { panic!("this is SQLite") };
    let instructions = count_instructions(c).await;
    let found = by_ids::read::<OverviewRow>(reader, &[question]).await.unwrap();
    let Connection::Sqlite(c) = reader.connection() else { panic!("this is SQLite") };
    c.lock_handle().await.unwrap().remove_progress_handler();
    assert_eq!(found.values().map(OverviewRow::id).collect::<Vec<_>>(), [question]);
    instructions.load(Ordering::Relaxed)
}

/// Records each of these events so many times, about this account or, for nobody, each time about another one.
#[expect(clippy::disallowed_methods, reason = "events that take long to come by are made here")]
async fn record(store: &Store, events: &[&str], times: i64, about: Option<&UserId>) {
    const INSERT: &str = "INSERT INTO audit_events
            (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
        SELECT 0, e.value, NULL, coalesce($3, 'account' || i), NULL, '203.0.113.7', 'Firefox', 'request', '{}'
        FROM n CROSS JOIN json_each($1) e";
    let mut tx = store.begin().await.unwrap();
    let Connection::Sqlite(c) = tx.connection() else { panic!("this is SQLite") };
    let events = serde_json::to_string(events).unwrap();
    let about = about.map(UserId::as_str);
    sqlx::query(INSERT).bind(events).bind(times).bind(about).execute(&mut *c).await.unwrap();
    // As the program's end does it, and most of the time long ago.
    if about.is_none() {
        sqlx::query("ANALYZE").execute(c).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_overview_costs_the_same_for_somebody_who_has_used_apps_and_signed_in_a_thousand_times() {
    let app = TestApp::start().await;
    let store = &app.state.store;
    record(store, &["account_created", "signed_in"], 63, None).await;
    app.sign_up("ada@example.org").await;
    let (ada, now) = (app.user("ada@example.org").await, app.clock.now());
    let mut reader = store.read().await.unwrap();
    let sessions = sessions::live_of_user(&mut reader, &ada.id, now, 1).await.unwrap();
    let question = overviews::question(&sessions[0].id, now);
    let before = cost(&mut reader, &question).await;
    record(store, &["client_authorized"], 1000, Some(&ada.id)).await;
    let after_apps = cost(&mut reader, &question).await;
    record(store, &["signed_in"], 1000, Some(&ada.id)).await;
    let after_sign_ins = cost(&mut reader, &question).await;
    assert!(after_apps <= before + 100, "{before} instructions before, {after_apps} after");
    assert!(after_sign_ins <= before + 100, "{before} instructions before, {after_sign_ins} after");
}
