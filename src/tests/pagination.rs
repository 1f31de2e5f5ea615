//! Lists in pages: cursors and limits as they come from outside, and what a page costs far into a long list.

#![expect(clippy::disallowed_methods, reason = "plans and costs are the database's to tell")]

use std::sync::atomic::Ordering;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row};

use crate::{
    server::store::{Connection, Queryable, Store, audit, on_db, users},
    tests::test_app::{Answer, Backend, Browser, TestApp, TestDatabase, count_instructions},
};

const PEOPLE: i64 = 100_000;
const EVENTS: i64 = 1_000_000;
/// Rows on a page, and one to see whether another follows.
const PAGE: i64 = 51;

type Filter = &'static [(&'static str, &'static str)];

/// Each list, with a filter, and with another one whose cursors are not its own.
const LISTS: &[(&str, Filter, Filter)] = &[
    ("/api/admin/users/list", &[], &[("query", "some")]),
    ("/api/admin/users/list", &[("query", "some")], &[("query", "someb")]),
    ("/api/admin/audit/list", &[], &[("event", "signed_in")]),
    ("/api/admin/audit/list", &[("event", "signed_in")], &[("from", "2026-01-01")]),
    ("/api/account/activity", &[], &[]),
    ("/api/notices/list", &[], &[]),
];

async fn furnished() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("some-admin@example.org", "admin editor").await;
    for n in 0..2 {
        app.sign_up(&format!("some{n}@example.org")).await;
        let notice = [("title", "x"), ("body", "x")];
        admin.post("/api/notices/publish", &notice).await.assert_status(200);
    }
    (app, admin)
}

async fn ask(browser: &mut Browser, path: &str, filter: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
    browser.post(path, &[filter, more].concat()).await
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_and_end() {
    let (_app, mut admin) = furnished().await;
    for (path, filter, _) in LISTS {
        let whole = ask(&mut admin, path, filter, &[]).await.json();
        let whole = whole["items"].as_array().unwrap().clone();
        let (mut walked, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut more = vec![("limit", "1")];
            more.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = ask(&mut admin, path, filter, &more).await.json();
            walked.extend(page["items"].as_array().unwrap().clone());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(walked, whole, "{path} {filter:?}");
        assert!(walked.len() >= 2, "{path} {filter:?}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused_before_the_database_is_read() {
    let (_app, mut admin) = furnished().await;
    let mut cursors = Vec::new();
    for (path, filter, _) in LISTS {
        let page = ask(&mut admin, path, filter, &[("limit", "1")]).await.json();
        cursors.push(page["next_cursor"].as_str().unwrap().to_owned());
    }
    for (n, (path, filter, other_filter)) in LISTS.iter().enumerate() {
        let own = &cursors[n];
        let position = BASE64.decode(own).unwrap()[16..].to_vec();
        let unsigned = BASE64.encode([&[0; 16][..], &position].concat());
        let mut forged = vec![
            own[..own.len() - 1].to_owned(),
            own[..8].to_owned(),
            format!("{own}AAAA"),
            own.replacen(&own[..1], if own.starts_with('A') { "B" } else { "A" }, 1),
            BASE64.encode(&position),
            unsigned,
            "1".to_owned(),
            "' OR 1=1 --".to_owned(),
            "x".repeat(5000),
        ];
        forged.extend(cursors.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, other)| other.clone()));
        for cursor in &forged {
            let answer = ask(&mut admin, path, filter, &[("cursor", cursor)]).await;
            answer.assert_error(400, "invalid_cursor");
        }
        if !other_filter.is_empty() {
            let answer = ask(&mut admin, path, other_filter, &[("cursor", own)]).await;
            answer.assert_error(400, "invalid_cursor");
        }
        ask(&mut admin, path, filter, &[("cursor", own)]).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_cursor_is_valid_for_one_user_only() {
    let (app, mut admin) = furnished().await;
    let mut other = app.sign_up("other@example.org").await;
    let page = admin.post("/api/account/activity", &[("limit", "1")]).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    other.post("/api/account/activity", &[("cursor", cursor)]).await.assert_error(400, "invalid_cursor");
}

#[tokio::test]
async fn limits_are_from_one_to_a_hundred() {
    let (_app, mut admin) = furnished().await;
    for (path, filter, _) in LISTS {
        for bad in ["0", "-1", "101", "1000000000", "99999999999999999999", "1e3", "ten", " 5", "0x10"] {
            let answer = ask(&mut admin, path, filter, &[("limit", bad)]).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), ["limit"], "{path} {bad}");
        }
        ask(&mut admin, path, filter, &[("limit", "100")]).await.assert_status(200);
    }
}

/// What a statement is given.
#[derive(Clone, Debug)]
enum Given {
    Text(String),
    Number(i64),
}

/// A list's statement, with what it is given for its first page and for its thousandth.
struct Walk {
    statements: &'static [(&'static str, &'static str)],
    name: &'static str,
    first: Vec<Given>,
    thousandth: Vec<Given>,
}

fn number(n: i64) -> Given {
    Given::Number(n)
}

fn said(text: impl Into<String>) -> Given {
    Given::Text(text.into())
}

fn person(n: i64) -> String {
    format!("019a0000-0000-7000-8000-{n:012}")
}

/// Page 1,000 begins behind 50,000 rows.
fn walks() -> Vec<Walk> {
    let behind = 999 * (PAGE - 1);
    let events = |before: i64, more: &[Given]| [&[number(before), number(0), number(PAGE)], more].concat();
    let (all, end) = (EVENTS + 1, "\u{10FFFF}");
    // Every tenth event is of this kind, and every second one about this person.
    let (kind, whom) = (said("signed_in"), said(person(7)));
    let walk = |statements, name, first, thousandth| Walk { statements, name, first, thousandth };
    vec![
        walk(
            users::STATEMENTS,
            "PAGE",
            vec![said(""), number(PAGE)],
            vec![said(format!("person{behind:06}@example.org")), number(PAGE)],
        ),
        walk(
            users::STATEMENTS,
            "PAGE_BY_EMAIL",
            vec![said("person"), said(format!("person{end}")), number(PAGE)],
            vec![
                said(format!("person{behind:06}@example.org\u{1}")),
                said(format!("person{end}")),
                number(PAGE),
            ],
        ),
        walk(
            users::STATEMENTS,
            "PAGE_BY_NAME",
            vec![said("name"), said(""), said(format!("name{end}")), said("name"), number(PAGE)],
            vec![
                said(format!("name {behind:06}")),
                said(person(behind)),
                said(format!("name{end}")),
                said("name"),
                number(PAGE),
            ],
        ),
        walk(audit::STATEMENTS, "ALL", events(all, &[]), events(all - behind, &[])),
        walk(
            audit::STATEMENTS,
            "BY_EVENT",
            events(all, std::slice::from_ref(&kind)),
            events(all - behind * 10, std::slice::from_ref(&kind)),
        ),
        walk(
            audit::STATEMENTS,
            "BY_PERSON",
            events(all, std::slice::from_ref(&whom)),
            events(all - behind * 2, std::slice::from_ref(&whom)),
        ),
        walk(
            audit::STATEMENTS,
            "BY_PERSON_AND_EVENT",
            events(all, &[whom.clone(), kind.clone()]),
            events(all - behind * 10, &[whom, kind]),
        ),
        walk(audit::STATEMENTS, "FIRST_ID_SINCE", vec![number(1)], vec![number(EVENTS / 2)]),
    ]
}

const SEED: [(&str, &str); 2] = [
    (
        "INSERT INTO users (id, email, display_name, name_key, password_hash, editor, admin, token_epoch, created_at)
         SELECT '019a0000-0000-7000-8000-' || {i:12}, 'person' || {i:6} || '@example.org', 'Name ' || {i:6},
                'name ' || {i:6}, 'x', FALSE, FALSE, 0, i FROM {numbers}",
        "users",
    ),
    (
        "INSERT INTO audit_events (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
         SELECT i, CASE WHEN i % 10 = 0 THEN 'signed_in' ELSE 'signed_out' END, NULL,
                CASE WHEN i % 2 = 0 THEN '019a0000-0000-7000-8000-000000000007' ELSE '019a0000-0000-7000-8000-' || {i:12} END,
                NULL, '203.0.113.7', 'Firefox', 'request', '{}' FROM {numbers}",
        "audit_events",
    ),
];

async fn seed(store: &Store, backend: Backend) {
    let mut tx = store.begin().await.unwrap();
    for ((statement, _), count) in SEED.iter().zip([PEOPLE, EVENTS]) {
        let (numbers, padded): (String, fn(u8) -> String) = match backend {
            Backend::Sqlite => (
                format!(
                    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
                ),
                |width| format!("printf('%0{width}d', i)"),
            ),
            Backend::Postgres => (format!("generate_series(1, {count}) AS n(i)"), |width| {
                format!("lpad(i::text, {width}, '0')")
            }),
        };
        let sql = statement
            .replace("{numbers}", &numbers)
            .replace("{i:12}", &padded(12))
            .replace("{i:6}", &padded(6));
        on_db!(&mut tx, |c| sqlx::query(AssertSqlSafe(sql.as_str())).execute(c).await.map(drop)).unwrap();
    }
    tx.commit().await.unwrap();
    // As its daemon does by and by. Nobody does it for SQLite.
    if let Backend::Postgres = backend {
        let mut tx = store.begin().await.unwrap();
        on_db!(&mut tx, |c| sqlx::query("ANALYZE").execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
    }
}

impl Walk {
    fn sql(&self) -> &'static str {
        self.statements.iter().find(|(name, _)| *name == self.name).unwrap().1
    }

    /// The plan as the database words it, and what a page costs in the database's own measure: instructions of
    /// SQLite's machine, 8 KiB blocks that PostgreSQL touches.
    async fn plan_and_cost(&self, db: &mut impl Queryable, given: &[Given]) -> (String, u64) {
        match db.connection() {
            Connection::Sqlite(c) => {
                let explained = format!("EXPLAIN QUERY PLAN {}", self.sql());
                let rows =
                    bind!(sqlx::query(AssertSqlSafe(explained)), given).fetch_all(&mut *c).await.unwrap();
                let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
                let instructions = count_instructions(c).await;
                let rows = bind!(sqlx::query(self.sql()), given).fetch_all(&mut *c).await.unwrap();
                c.lock_handle().await.unwrap().remove_progress_handler();
                self.assert_full(rows.len());
                (plan.join("\n"), instructions.load(Ordering::Relaxed))
            }
            Connection::Postgres(c) => {
                let rows = bind!(sqlx::query(self.sql()), given).fetch_all(&mut *c).await.unwrap();
                self.assert_full(rows.len());
                let explained = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", self.sql());
                let row =
                    bind!(sqlx::query(AssertSqlSafe(explained)), given).fetch_one(&mut *c).await.unwrap();
                let plan: Value = row.get(0);
                let blocks = |kind: &str| plan[0]["Plan"][kind].as_u64().unwrap();
                (plan.to_string(), blocks("Shared Hit Blocks") + blocks("Shared Read Blocks"))
            }
        }
    }

    /// A page that is empty would cost nothing and show nothing.
    fn assert_full(&self, rows: usize) {
        let expected = if self.name == "FIRST_ID_SINCE" { 1 } else { usize::try_from(PAGE).unwrap() };
        assert_eq!(rows, expected, "{}", self.name);
    }
}

macro_rules! bind {
    ($query:expr, $given:expr) => {
        $given.iter().cloned().fold($query, |query, given| match given {
            Given::Text(text) => query.bind(text),
            Given::Number(number) => query.bind(number),
        })
    };
}
use bind;

#[tokio::test]
async fn page_one_thousand_costs_what_page_one_does_on_sqlite() {
    long_lists(Backend::Sqlite).await;
}

#[tokio::test]
async fn page_one_thousand_costs_what_page_one_does_on_postgres() {
    long_lists(Backend::Postgres).await;
}

async fn long_lists(backend: Backend) {
    let database = TestDatabase::new(backend).await;
    let store = Store::open(&database.url).await.unwrap();
    seed(&store, backend).await;
    let mut reader = store.read().await.unwrap();
    for walk in walks() {
        // What is done once a connection is no cost of a page.
        walk.plan_and_cost(&mut reader, &walk.first).await;
        let (plan, first) = walk.plan_and_cost(&mut reader, &walk.first).await;
        let (later_plan, thousandth) = walk.plan_and_cost(&mut reader, &walk.thousandth).await;
        for plan in [&plan, &later_plan] {
            let reads_everything = match backend {
                // "SEARCH x" reads what is asked for, "SCAN x" all of it. `e`, `x` and `y` are pages that were found.
                Backend::Sqlite => {
                    let found = ["SCAN e", "SCAN x", "SCAN y"];
                    plan.lines().any(|line| line.starts_with("SCAN") && !found.contains(&line))
                }
                Backend::Postgres => plan.contains("Seq Scan"),
            };
            assert!(!reads_everything, "{}: {plan}", walk.name);
        }
        assert!(
            thousandth <= first * 2 + 20,
            "{backend:?} {}: {first} {thousandth}\n{later_plan}",
            walk.name
        );
    }
}

#[tokio::test]
async fn the_counts_of_the_last_days_are_read_from_their_index_alone() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let store = Store::open(&database.url).await.unwrap();
    let (_, sql) = audit::STATEMENTS.iter().find(|(name, _)| *name == "DAILY_COUNTS").unwrap();
    let mut reader = store.read().await.unwrap();
    let Connection::Sqlite(c) = reader.connection() else { panic!("this is SQLite") };
    let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).bind(0_i64);
    let plan: Vec<String> =
        explained.fetch_all(c).await.unwrap().iter().map(|row| row.get("detail")).collect();
    assert!(plan[0].contains("COVERING INDEX audit_events_counted"), "{plan:?}");
}
