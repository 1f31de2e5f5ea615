//! Reading for many requests at once: each gets its own answer, and never one from before it asked.

#![expect(
    clippy::disallowed_methods,
    reason = "what breaks a row or a connection is no statement of the program"
)]

use futures::future::join_all;

use crate::{
    model::{
        display_name::DisplayName,
        id::{SessionId, UserId},
        profile::Profile,
        role::{Role, Roles},
    },
    server::{
        accounts::{administer, profile, roles},
        client_info::{ActionContext, ClientInfo},
        config::DatabaseUrl,
        store::{StoreError, counted, on_db, sessions, users},
        tasks::sync,
    },
    tests::test_app::{Backend, PASSWORD, TestApp},
};

const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

/// Accounts, the first of which has the address `user0@example.org`.
async fn accounts(app: &TestApp, count: usize) -> Vec<UserId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let email = format!("user{n}@example.org");
        app.sign_in_as(&email, "member").await;
        ids.push(app.user(&email).await.id);
    }
    ids
}

/// Runs a statement that the program would never run.
async fn run(app: &TestApp, sql: &'static str) {
    let mut tx = app.state.store.begin().await.unwrap();
    on_db!(&mut tx, |c| sqlx::query(sql).execute(c).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn many_who_ask_at_once_get_each_their_own_answer() {
    for backend in BOTH {
        let app = TestApp::with(backend, &[]).await;
        let ids = accounts(&app, 4).await;
        // More than fit into one group, the same accounts over and over, and one that does not exist.
        let asked: Vec<_> = (0..200).map(|n| ids[n % ids.len()].clone()).collect();
        let missing = UserId::parse("019a0000-0000-7000-8000-000000000000").unwrap();
        let before = counted::so_far();
        let (found, nobody) = tokio::join!(
            join_all(asked.iter().map(|id| app.state.loader.user(id))),
            app.state.loader.user(&missing)
        );
        for (asked, found) in asked.iter().zip(found) {
            assert_eq!(found.unwrap().unwrap().id, *asked);
        }
        assert!(nobody.unwrap().is_none());
        let statements = counted::so_far() - before;
        assert!(statements <= 10, "{statements} statements for 201 questions");
    }
}

#[tokio::test]
async fn many_who_ask_for_their_overview_at_once_get_each_their_own() {
    for backend in BOTH {
        let app = TestApp::with(backend, &[]).await;
        let now = app.clock.now();
        let mut sessions = Vec::new();
        for (n, user) in accounts(&app, 4).await.into_iter().enumerate() {
            for _ in 0..n {
                app.browser().sign_in(&format!("user{n}@example.org"), PASSWORD).await.assert_status(200);
            }
            let mut reader = app.state.store.read().await.unwrap();
            let live = sessions::live_of_user(&mut reader, &user, now, 10).await.unwrap();
            sessions.extend(live.into_iter().map(|session| (n, session.id)));
        }
        // The same questions over and over: twice in one statement they count once.
        let asked: Vec<_> = (0..100).map(|n| &sessions[n % sessions.len()]).collect();
        let found = join_all(asked.iter().map(|(_, session)| app.state.loader.overview(session, now))).await;
        for ((n, _), found) in asked.into_iter().zip(found) {
            assert_eq!(
                found.unwrap().unwrap().sessions,
                n + 1,
                "{backend:?}: the first sign-in, and {n} more"
            );
        }
        let missing = SessionId::parse("019a0000-0000-7000-8000-000000000000").unwrap();
        assert!(app.state.loader.overview(&missing, now).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_change_that_was_acknowledged_is_in_every_answer_after_it() {
    for backend in BOTH {
        let app = TestApp::with(backend, &[]).await;
        let id = accounts(&app, 1).await.remove(0);
        let client = ClientInfo::program();
        for n in 0..50 {
            let name = DisplayName::parse(&format!("Name {n}")).unwrap();
            let context = ActionContext { now: app.clock.now(), client: &client };
            profile::rename(&app.state, context, &id, name.clone()).await.unwrap();
            assert_eq!(app.state.loader.user(&id).await.unwrap().unwrap().display_name, name);
        }
    }
}

#[tokio::test]
async fn a_row_that_breaks_a_rule_fails_only_those_who_ask_for_it() {
    let app = TestApp::start().await;
    let ids = accounts(&app, 3).await;
    run(&app, "UPDATE users SET email = 'no address' WHERE email = 'user1@example.org'").await;
    let found = join_all(ids.iter().map(|id| app.state.loader.user(id))).await;
    assert!(matches!(found[1], Err(StoreError::Corrupt { table: "users", .. })), "{:?}", found[1]);
    assert!(found[0].as_ref().unwrap().is_some() && found[2].as_ref().unwrap().is_some());
}

#[tokio::test]
async fn a_connection_that_was_lost_is_replaced_and_nobody_notices() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    let id = accounts(&app, 1).await.remove(0);
    assert!(app.state.loader.user(&id).await.unwrap().is_some());
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    run(&app, others).await;
    assert!(app.state.loader.user(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_that_does_not_answer_fails_everyone_who_asked() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    let ids = accounts(&app, 2).await;
    run(&app, "ALTER TABLE users RENAME TO elsewhere").await;
    let found = join_all(ids.iter().map(|id| app.state.loader.user(id))).await;
    assert!(found.iter().all(|answer| matches!(answer, Err(StoreError::Group(_)))), "{found:?}");
    run(&app, "ALTER TABLE elsewhere RENAME TO users").await;
    let mut reader = app.state.store.read().await.unwrap();
    assert!(users::by_id(&mut reader, &ids[0]).await.unwrap().is_some());
    assert!(app.state.loader.user(&ids[0]).await.unwrap().is_some());
}

/// What is answered to whoever asks for a profile, and how many statements that took.
async fn ask(app: &TestApp, id: &UserId) -> (Profile, u64) {
    let before = counted::so_far();
    let profile = profile::show(&app.state, id).await.unwrap();
    (Profile::clone(&profile), counted::so_far() - before)
}

/// What is stored, whatever anybody remembers.
async fn stored(app: &TestApp, id: &UserId) -> Profile {
    let mut reader = app.state.store.read().await.unwrap();
    users::by_id(&mut reader, id).await.unwrap().unwrap().profile()
}

#[tokio::test]
async fn a_changed_profile_is_never_answered_from_memory_on_any_node() {
    for backend in BOTH {
        let first = TestApp::with(backend, &[]).await;
        // On SQLite the other one is what a command is: a program of its own on the same file.
        let second = first.another_node().await;
        let id = accounts(&first, 1).await.remove(0);
        let client = ClientInfo::command_line();
        let context = ActionContext { now: first.clock.now(), client: &client };
        let mut seen = vec![ask(&first, &id).await.0];
        for change in 0..5 {
            for app in [&first, &second] {
                ask(app, &id).await;
                let (_, statements) = ask(app, &id).await;
                assert_eq!(statements, u64::from(matches!(backend, Backend::Postgres)), "{backend:?}");
            }
            let state = &first.state;
            match change {
                0 => drop(
                    profile::rename(state, context, &id, DisplayName::parse("Ada").unwrap()).await.unwrap(),
                ),
                1 => drop(
                    roles::set_roles(state, context, None, &id, Roles::from(vec![Role::Editor]))
                        .await
                        .unwrap(),
                ),
                2 => run(&first, "UPDATE users SET email = 'elsewhere@example.org' WHERE NOT admin").await,
                3 => drop(administer::disable(state, context, None, &id).await.unwrap()),
                _ => drop(administer::enable(state, context, None, &id).await.unwrap()),
            }
            let expected = stored(&first, &id).await;
            for app in [&first, &second] {
                let (profile, statements) = ask(app, &id).await;
                assert_eq!((profile, statements), (expected.clone(), 1), "{backend:?}, change {change}");
            }
            seen.push(expected);
        }
        seen.dedup();
        assert_eq!(seen.len(), 4, "a name, roles and an address: {seen:?}");
        run(&second, "DELETE FROM users WHERE email = 'elsewhere@example.org'").await;
        assert!(profile::show(&first.state, &id).await.is_err());
    }
}

#[tokio::test]
async fn a_change_whose_request_was_dropped_is_not_hidden_by_what_was_remembered() {
    let app = TestApp::start().await;
    let id = accounts(&app, 1).await.remove(0);
    ask(&app, &id).await;
    let version = app.state.store.account_version();
    let mut tx = app.state.store.begin().await.unwrap();
    users::set_display_name(&mut tx, &id, &DisplayName::parse("Ada").unwrap()).await.unwrap();
    let mut commit = Box::pin(tx.commit());
    assert!(futures::poll!(commit.as_mut()).is_pending());
    drop(commit);
    while app.state.store.account_version() == version {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&app, &id).await.0.display_name.as_str(), "Ada");
}

#[tokio::test]
async fn what_another_process_has_changed_without_saying_so_is_forgotten_with_its_invalidation() {
    let app = TestApp::start().await;
    let id = accounts(&app, 1).await.remove(0);
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    roles::set_roles(&app.state, context, None, &id, Roles::from(vec![Role::Editor])).await.unwrap();
    assert_eq!((ask(&app, &id).await.1, ask(&app, &id).await.1), (1, 0));
    sync::catch_up(&app.state).await.unwrap();
    assert_eq!(ask(&app, &id).await.1, 1);
}

#[tokio::test]
async fn without_the_file_that_tells_of_changes_nothing_is_remembered() {
    let app = TestApp::start().await;
    let id = accounts(&app, 1).await.remove(0);
    let DatabaseUrl::Sqlite(path) = &app.database.url else { unreachable!("it is SQLite") };
    std::fs::remove_file(format!("{}-accounts", path.display())).unwrap();
    assert_eq!((ask(&app, &id).await.1, ask(&app, &id).await.1), (1, 1));
}
