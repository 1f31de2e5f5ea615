//! Signing keys: rotation nobody notices, revocation at once, sealing.

use std::time::Duration;

use serde_json::json;

use crate::{
    server::{
        client_info::{ActionContext, ClientInfo},
        crypto::{master_secret::MasterSecret, vault::Vault},
        error::Error,
        keys::{
            manage::KeyManager,
            reseal::{Resealed, reseal},
        },
        state::AppState,
        store::Store,
        tasks::sync,
    },
    tests::test_app::{Backend, Browser, PASSWORD, TestApp},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Names of the keys in the public key set.
async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.browser().get("/.well-known/jwks.json").await.json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid_of(browser: &Browser) -> String {
    let header = browser.access_token.as_deref().unwrap().split('.').next().unwrap();
    jsonwebtoken::decode_header(format!("{header}.e30.e30")).unwrap().kid.unwrap()
}

async fn states(admin: &mut Browser) -> Vec<(String, String)> {
    let keys = admin.post("/api/admin/keys/list", &[]).await;
    keys.assert_status(200);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    keys.json().as_array().unwrap().iter().map(|key| (text(&key["kid"]), text(&key["state"]))).collect()
}

#[tokio::test]
async fn a_rotation_is_published_before_it_signs_and_after_it_has_signed() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut admin = app.sign_in_as("root@example.org", "admin").await;
        let old = published(&app).await;
        let mut browser = app.sign_up("ada@example.org").await;
        assert_eq!(vec![kid_of(&browser)], old);

        admin.post("/api/admin/keys/rotate", &[]).await.assert_status(200);
        let both = published(&app).await;
        assert_eq!((both.len(), &both[0]), (2, &old[0]), "the new key is public at once");
        let again = admin.post("/api/admin/keys/rotate", &[]).await;
        again.assert_error(409, "rotation_under_way");
        assert_eq!(
            states(&mut admin).await,
            [(both[1].clone(), "next".to_owned()), (both[0].clone(), "active".to_owned())]
        );

        // Not before every copy of the key set is out of date.
        app.advance(304 * SECOND);
        browser.refresh().await.assert_status(200);
        assert_eq!(kid_of(&browser), both[0]);
        let before = browser.clone();
        app.advance(SECOND);
        admin.refresh().await.assert_status(200);
        browser.refresh().await.assert_status(200);
        assert_eq!(kid_of(&browser), both[1]);
        before.use_token().await.assert_status(200);
        assert_eq!(
            states(&mut admin).await,
            [(both[1].clone(), "active".to_owned()), (both[0].clone(), "retired".to_owned())]
        );
        assert_eq!(published(&app).await, both);

        // Gone once its last token has expired.
        app.advance(910 * SECOND);
        sync::rotate_keys_if_due(&app.state).await.unwrap();
        assert_eq!(published(&app).await, both[1..], "{backend:?}");
        admin.refresh().await.assert_status(200);
        assert_eq!(states(&mut admin).await[1], (both[0].clone(), "gone".to_owned()));
        let events = app.events().await;
        assert_eq!(events.iter().filter(|event| *event == "signing_key_added").count(), 1);
    }
}

#[tokio::test]
async fn keys_rotate_by_themselves_every_thirty_days() {
    let app = TestApp::start().await;
    let first = published(&app).await;
    app.advance(29 * DAY);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert_eq!(published(&app).await, first);
    app.advance(DAY);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert_eq!(published(&app).await.len(), 2);
    app.advance(DAY);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    let second = published(&app).await;
    assert_eq!(second.len(), 1);
    assert_ne!(second, first);

    let by_hand = TestApp::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_ROTATE_EVERY", "off")]).await;
    by_hand.advance(300 * DAY);
    sync::rotate_keys_if_due(&by_hand.state).await.unwrap();
    assert_eq!(published(&by_hand).await.len(), 1);
}

#[tokio::test]
async fn changing_the_algorithm_rotates_the_key_and_old_tokens_stay_valid() {
    let mut app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_ALGORITHM", "ES256")]).await;
    let mut browser = app.sign_up("ada@example.org").await;
    for algorithm in ["EdDSA", "RS256", "HS256", "ES256"] {
        app = app.restart_with("LATCHKEY_TOKENS_ALGORITHM", algorithm).await;
        browser = app.same(&browser);
        browser.use_token().await.assert_status(200);
        browser.refresh().await.assert_status(200);
        let before = browser.clone();
        app.advance(306 * SECOND);
        browser.refresh().await.assert_status(200);
        let header = jsonwebtoken::decode_header(browser.access_token.as_deref().unwrap()).unwrap();
        assert_eq!(json!(header.alg), json!(algorithm));
        browser.use_token().await.assert_status(200);
        before.use_token().await.assert_status(200);
    }
    // A symmetric key is never published.
    let app = app.restart_with("LATCHKEY_TOKENS_ALGORITHM", "HS256").await;
    app.advance(7 * DAY);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert_eq!(published(&app).await, [""; 0]);
}

#[tokio::test]
async fn revoking_a_key_refuses_its_tokens_at_once_and_browsers_refresh() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        browser.use_token().await.assert_status(200);
        let leaked = kid_of(&browser);
        // As a command does it, beside the running server.
        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        app.state.key_manager().revoke(context, None, &leaked).await.unwrap();
        sync::catch_up(&app.state).await.unwrap();
        browser.use_token().await.assert_error(401, "invalid_token");
        assert!(!published(&app).await.contains(&leaked), "{backend:?}");
        browser.refresh().await.assert_status(200);
        browser.use_token().await.assert_status(200);
        assert_ne!(kid_of(&browser), leaked);
        assert!(app.state.key_manager().revoke(context, None, &leaked).await.is_err(), "it is gone already");

        let app = app.restart().await;
        let mut again = app.same(&browser);
        again.use_token().await.assert_status(200);
        again.refresh().await.assert_status(200);
    }
}

/// A request that is verifying a token while its key is revoked is done only afterwards.
#[tokio::test]
async fn a_token_that_is_remembered_after_its_key_was_revoked_is_refused() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let token = browser.access_token.clone().unwrap();
    let verified = app.state.tokens.verify(&token, app.clock.now()).unwrap();
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    app.state.key_manager().revoke(context, None, &kid_of(&browser)).await.unwrap();
    sync::catch_up(&app.state).await.unwrap();
    app.state.tokens.remember(&token, (*verified).clone());
    browser.use_token().await.assert_error(401, "invalid_token");
}

const NEW_SECRET: &str = "a new master secret 5e884898da28047151d0e56f8dc62927";

/// What a command needs that is run with the new master secret before the old one.
fn new_vault() -> Vault {
    let secrets = [NEW_SECRET, super::test_app::SECRET].map(|secret| MasterSecret::parse(secret).unwrap());
    Vault::new(&secrets).unwrap()
}

#[tokio::test]
async fn a_key_that_cannot_be_opened_keeps_no_revoked_key_alive() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let vault = new_vault();
    reseal(&app.state.store, &vault, &app.state.entropy).await.unwrap();
    let manager = KeyManager { vault: &vault, ..app.state.key_manager() };
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    // The one that follows is sealed under a secret that the server does not have yet.
    manager.revoke(context, None, &kid_of(&browser)).await.unwrap();
    sync::catch_up(&app.state).await.unwrap();
    browser.use_token().await.assert_error(401, "invalid_token");
    app.browser().get("/readyz").await.assert_status(503);

    let app = app.restart_with("LATCHKEY_SECRET", NEW_SECRET).await;
    app.browser().get("/readyz").await.assert_status(200);
    let mut browser = app.same(&browser);
    browser.refresh().await.assert_status(200);
    browser.use_token().await.assert_status(200);
}

#[tokio::test]
async fn a_node_with_the_old_master_secret_goes_on_and_adds_no_key_that_blocks_the_next_start() {
    for servers in [super::test_app::SECRET.to_owned(), format!("{},{NEW_SECRET}", super::test_app::SECRET)] {
        let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_SECRET", &servers)]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        reseal(&app.state.store, &new_vault(), &app.state.entropy).await.unwrap();
        app.advance(30 * DAY);
        let rotated = sync::rotate_keys_if_due(&app.state).await;
        assert_eq!(
            rotated.is_ok(),
            servers.contains(','),
            "it cannot open what is stored, so it adds nothing"
        );
        browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        browser.use_token().await.assert_status(200);

        let app = app.restart_with("LATCHKEY_SECRET", NEW_SECRET).await;
        app.same(&browser).use_token().await.assert_status(200);
    }
}

#[tokio::test]
async fn nodes_that_disagree_about_the_algorithm_do_not_make_keys_in_turn() {
    let first = TestApp::with(Backend::Postgres, &[("LATCHKEY_TOKENS_ALGORITHM", "ES256")]).await;
    let second = first.another_node_with("LATCHKEY_TOKENS_ALGORITHM", "EdDSA").await;
    let keys = published(&second).await;
    assert_eq!(keys.len(), 2, "a start with another algorithm makes a key");
    for _ in 0..3 {
        for node in [&first, &second] {
            node.advance(60 * SECOND);
            sync::rotate_keys_if_due(&node.state).await.unwrap();
        }
    }
    assert_eq!(published(&first).await, keys);
}

#[tokio::test]
async fn a_command_without_the_servers_settings_makes_no_key() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_ALGORITHM", "EdDSA")]).await;
    let keys = published(&app).await;
    let (config, store, vault) =
        (super::test_app::config(&[]), app.state.store.clone(), app.state.vault.clone());
    let entropy = app.state.entropy.clone();
    AppState::open(config, store, vault, app.clock.clock(), entropy).await.unwrap();
    app.state.reload_keys().await.unwrap();
    assert_eq!(published(&app).await, keys);
}

#[tokio::test]
async fn revoking_the_next_key_leaves_one_that_signs() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("root@example.org", "admin").await;
    let first = published(&app).await[0].clone();
    admin.post("/api/admin/keys/rotate", &[]).await.assert_status(200);
    let next = published(&app).await[1].clone();
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    app.state.key_manager().revoke(context, None, &next).await.unwrap();
    sync::catch_up(&app.state).await.unwrap();
    app.advance(DAY);
    let mut browser = app.sign_up("ada@example.org").await;
    assert_eq!(kid_of(&browser), first);
    browser.refresh().await.assert_status(200);
    browser.use_token().await.assert_status(200);
}

#[tokio::test]
async fn an_administrator_sees_how_many_live_sessions_a_key_serves() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("root@example.org", "admin").await;
    app.sign_up("ada@example.org").await;
    let mut gone = app.sign_up("eve@example.org").await;
    let sessions = async |admin: &mut Browser| {
        admin.post("/api/admin/keys/list", &[]).await.json()[0]["sessions"].as_u64()
    };
    assert_eq!(sessions(&mut admin).await, Some(3));
    gone.sign_out().await.assert_status(200);
    assert_eq!(sessions(&mut admin).await, Some(2));
    app.advance(900 * SECOND);
    admin.refresh().await.assert_status(200);
    assert_eq!(sessions(&mut admin).await, Some(1));
}

#[tokio::test]
async fn keys_are_for_administrators() {
    let app = TestApp::start().await;
    for path in ["/api/admin/keys/list", "/api/admin/keys/rotate"] {
        app.browser().post(path, &[]).await.assert_error(401, "missing_token");
        for roles in ["member", "editor"] {
            let mut browser = app.sign_in_as(&format!("{roles}{}@example.org", path.len()), roles).await;
            let answer = browser.post(path, &[]).await;
            answer.assert_error(403, "forbidden");
            assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="insufficient_scope""#));
            let page = browser.get("/admin/keys").await;
            page.assert_status(403);
            assert!(
                page.body.contains("Not allowed") && !page.body.contains("Rotate the keys"),
                "{}",
                page.body
            );
        }
    }
    assert_eq!(app.events().await.iter().filter(|event| *event == "access_denied").count(), 8);
    let mut admin = app.sign_in_as("root@example.org", "admin").await;
    let page = admin.get("/admin/keys").await;
    page.assert_status(200);
    assert!(page.body.contains("Rotate the keys") && page.body.contains(&published(&app).await[0]));
}

#[tokio::test]
async fn a_wrong_master_secret_stops_the_start_and_changes_nothing() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let keys = published(&app).await;
    let clock = app.clock.clone();
    let (database, settings) = app.stop().await;
    let wrong =
        Vault::new(&[MasterSecret::parse("another secret of somebody else 9876543210").unwrap()]).unwrap();
    let store = Store::open(&database.url).await.unwrap();
    let config = super::test_app::config(&settings);
    let started = AppState::start(
        config,
        store.clone(),
        wrong,
        clock.clock(),
        crate::server::crypto::entropy::Entropy::system(),
    )
    .await;
    assert!(matches!(started.unwrap_err(), Error::OtherSecret));
    store.close().await;
    let app = TestApp::on(database, settings, clock).await;
    assert_eq!(published(&app).await, keys);
}

#[tokio::test]
async fn rotating_the_master_secret_signs_nobody_out() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let browser = app.sign_up("ada@example.org").await;
        let new = "a new master secret 5e884898da28047151d0e56f8dc62927";
        let both = format!("{new},{}", super::test_app::SECRET);
        let app = app.restart_with("LATCHKEY_SECRET", &both).await;
        let done = reseal(&app.state.store, &app.state.vault, &app.state.entropy).await.unwrap();
        assert_eq!(done, Resealed { signing_keys: 1, secrets: 1, mails: 0, already: 0 });
        let again = reseal(&app.state.store, &app.state.vault, &app.state.entropy).await.unwrap();
        assert_eq!(again, Resealed { signing_keys: 0, secrets: 0, mails: 0, already: 2 });

        let app = app.restart_with("LATCHKEY_SECRET", new).await;
        let mut browser = app.same(&browser);
        browser.use_token().await.assert_status(200);
        app.advance(60 * SECOND);
        browser.refresh().await.assert_status(200);
        app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    }
}

#[tokio::test]
async fn the_private_part_of_a_key_that_is_gone_is_forgotten() {
    use crate::server::{store::signing_keys, tasks::housekeeping};
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("root@example.org", "admin").await;
    admin.post("/api/admin/keys/rotate", &[]).await.assert_status(200);
    let sealed = async || {
        let mut reader = app.state.store.read().await.unwrap();
        signing_keys::all(&mut reader)
            .await
            .unwrap()
            .into_iter()
            .map(|key| !key.sealed.is_empty())
            .collect::<Vec<_>>()
    };
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    assert_eq!(sealed().await, [true, true]);
    app.advance(DAY);
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    assert_eq!(sealed().await, [false, true]);
}

#[tokio::test]
async fn invalidations_reach_the_other_node() {
    let first = TestApp::with(Backend::Postgres, &[]).await;
    let second = first.another_node().await;
    let mut admin = first.sign_in_as("root@example.org", "admin").await;
    let mut browser = first.sign_up("ada@example.org").await;
    let mut elsewhere = second.same(&browser);
    elsewhere.use_token().await.assert_status(200);

    first.set_roles("ada@example.org", "editor").await;
    sync::catch_up(&second.state).await.unwrap();
    elsewhere.use_token().await.assert_error(401, "invalid_token");
    elsewhere.refresh().await.assert_status(200);
    elsewhere.use_token().await.assert_status(200);
    first.same(&elsewhere).use_token().await.assert_status(200);

    browser.cookies.clone_from(&elsewhere.cookies);
    browser.sign_out().await.assert_status(200);
    sync::catch_up(&second.state).await.unwrap();
    elsewhere.use_token().await.assert_error(401, "invalid_token");

    admin.post("/api/admin/keys/rotate", &[]).await.assert_status(200);
    sync::catch_up(&second.state).await.unwrap();
    assert_eq!(published(&second).await, published(&first).await);
}

#[tokio::test]
async fn a_node_is_notified_of_invalidations() {
    let first = TestApp::with(Backend::Postgres, &[]).await;
    let second = first.another_node().await;
    let task = tokio::spawn(sync::run(second.state.clone()));
    let mut browser = first.sign_up("ada@example.org").await;
    let elsewhere = second.same(&browser);
    elsewhere.use_token().await.assert_status(200);
    browser.sign_out().await.assert_status(200);
    for _ in 0..500 {
        if elsewhere.use_token().await.status == 401 {
            task.abort();
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the other node never heard of it");
}
