//! Codes and refresh tokens of clients: what they give, and what becomes of copies.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;

use super::relying_party::*;
use crate::{
    model::{id::SessionId, oauth::client_kind::ClientKind},
    server::{
        accounts::administer,
        client_info::{ActionContext, ClientInfo},
        oauth::{
            clients::{self, ClientSettings},
            consent,
        },
        sessions::client_sessions::end_expired,
        store::{counted, logout_deliveries},
        tasks::housekeeping,
    },
    tests::test_app::{Backend, PASSWORD, TestApp},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

fn text(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name}: {tokens}")).to_owned()
}

#[tokio::test]
async fn a_code_gives_tokens_that_say_who_signed_in() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let code = client.code(&mut browser).await;
    let answer = client.redeem(&app, &code).await;
    assert_eq!(answer.assert_status(200).header("cache-control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&"Bearer".into(), &"openid profile".into()));
    assert_eq!(tokens["expires_in"], 300);
    assert!(text(&tokens, "refresh_token").starts_with("lkr1."));
    let ada = app.user("ada@example.org").await;
    let (access, id) = (claims(&text(&tokens, "access_token")), claims(&text(&tokens, "id_token")));
    for (token, audience) in [(&access, None), (&id, Some(client.id.as_str()))] {
        assert_eq!(
            (&token["iss"], &token["sub"]),
            (&"http://localhost:3000".into(), &ada.id.as_str().into())
        );
        if let Some(audience) = audience {
            assert_eq!(token["aud"], audience);
        }
    }
    assert_eq!((&id["nonce"], &id["sid"]), (&NONCE.into(), &access["sid"]));
    let session: SessionId = serde_json::from_value(access["sid"].clone()).unwrap();
    assert_ne!(browser.refresh_token().split('.').nth(1), Some(session.as_str()), "a name of its own");
    assert!(is_accepted(&app, &text(&tokens, "access_token")).await);
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let code = client.code(&mut browser).await;
    app.advance(60 * SECOND);
    client.redeem(&app, &code).await.assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_valid_replay_of_a_code_takes_back_what_it_gave() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let code = client.code(&mut browser).await;
    let tokens = client.redeem(&app, &code).await.json();
    app.advance(3600 * SECOND);
    let tokens = client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_status(200).json();
    client.redeem(&app, &code).await.assert_refused(400, "invalid_grant");
    assert!(!is_accepted(&app, &text(&tokens, "access_token")).await);
    client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
    assert!(app.events().await.contains(&"authorization_code_replayed".to_owned()));
}

#[tokio::test]
async fn whoever_only_saw_a_code_gets_nothing_and_ends_nothing() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let other = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let code = client.code(&mut browser).await;
    let attempt = async |client: &RelyingParty, verifier: &str, redirect_uri: &str| {
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
        fields.extend([("code_verifier", verifier), ("redirect_uri", redirect_uri)]);
        client.token(&app, &fields).await
    };
    let wrong = VERIFIER.replace('a', "b");
    for used in [false, true] {
        attempt(&other, VERIFIER, CALLBACK).await.assert_refused(400, "invalid_grant");
        attempt(&client, &wrong, CALLBACK).await.assert_refused(400, "invalid_grant");
        attempt(&client, "", CALLBACK).await.assert_refused(400, "invalid_request");
        attempt(&client, &challenge(VERIFIER), CALLBACK).await.assert_refused(400, "invalid_grant");
        attempt(&client, VERIFIER, "https://app.example.org/other")
            .await
            .assert_refused(400, "invalid_grant");
        if !used {
            let tokens = client.redeem(&app, &code).await.assert_status(200).json();
            assert!(is_accepted(&app, &text(&tokens, "access_token")).await);
        }
    }
    assert!(!app.events().await.contains(&"authorization_code_replayed".to_owned()));
}

/// Whoever sends many of them keeps nobody else from the database.
#[tokio::test]
async fn what_is_no_code_of_ours_is_refused_without_asking_the_database() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let (first, second) = (client.code(&mut browser).await, client.code(&mut browser).await);
    // The client is known from here on.
    client.redeem(&app, &first).await.assert_status(200);
    let (known, mac) = second.rsplit_once('.').unwrap();
    let forged = format!("{known}.{}", mac.chars().rev().collect::<String>());
    let statements = async |code: &str| {
        let before = counted::so_far();
        client.redeem(&app, code).await.assert_refused(400, "invalid_grant");
        counted::so_far() - before
    };
    assert_eq!(statements(&forged).await, 0);
    assert!(statements(&first).await > 0, "one that was used is looked up");
    client.redeem(&app, &second).await.assert_status(200);
}

#[tokio::test]
async fn the_secret_of_one_code_redeems_no_other() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let (first, second) = (client.code(&mut browser).await, client.code(&mut browser).await);
    let (grant, _) = first.split_once('.').unwrap();
    let (_, secret) = second.split_once('.').unwrap();
    let nobodys = "019a0000-0000-7000-8000-00000000abcd";
    for no_code in [&format!("{grant}.{secret}"), &format!("{nobodys}.{secret}"), &format!("{grant}."), grant]
    {
        client.redeem(&app, no_code).await.assert_refused(400, "invalid_grant");
    }
    for code in [first, second] {
        client.redeem(&app, &code).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_code_that_is_replayed_days_later_still_takes_back_what_it_gave() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let code = client.code(&mut browser).await;
    let tokens = client.redeem(&app, &code).await.assert_status(200).json();
    app.advance(3 * DAY);
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    client.redeem(&app, &code).await.assert_refused(400, "invalid_grant");
    client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
    assert!(app.events().await.contains(&"authorization_code_replayed".to_owned()));
}

#[tokio::test]
async fn of_fifty_redemptions_of_one_code_one_gets_tokens_on_sqlite() {
    fifty_redemptions(Backend::Sqlite).await;
}

#[tokio::test]
async fn of_fifty_redemptions_of_one_code_one_gets_tokens_on_postgres() {
    fifty_redemptions(Backend::Postgres).await;
}

async fn fifty_redemptions(backend: Backend) {
    let app = TestApp::with(backend, &[]).await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let code = client.code(&mut browser).await;
    let answers = join_all((0..50).map(|_| client.redeem(&app, &code))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.assert_refused(400, "invalid_grant");
    }
    // The others were valid replays: two parties hold the code.
    assert!(!is_accepted(&app, &text(&won[0].json(), "access_token")).await);
}

#[tokio::test]
async fn fifty_refreshes_of_one_token_have_one_successor_on_sqlite() {
    fifty_refreshes(Backend::Sqlite).await;
}

#[tokio::test]
async fn fifty_refreshes_of_one_token_have_one_successor_on_postgres() {
    fifty_refreshes(Backend::Postgres).await;
}

async fn fifty_refreshes(backend: Backend) {
    let app = TestApp::with(backend, &[]).await;
    let client = RelyingParty::public(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let first = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    app.advance(60 * SECOND);
    let answers = join_all((0..50).map(|_| client.refresh(&app, &first))).await;
    let mut successors: Vec<_> =
        answers.iter().map(|answer| text(&answer.assert_status(200).json(), "refresh_token")).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_ne!(successors[0], first);
    client.refresh(&app, &successors[0]).await.assert_status(200);
}

#[tokio::test]
async fn a_session_that_is_revoked_while_its_code_is_redeemed_leaves_no_token_on_sqlite() {
    revoked_while_redeemed(Backend::Sqlite).await;
}

#[tokio::test]
async fn a_session_that_is_revoked_while_its_code_is_redeemed_leaves_no_token_on_postgres() {
    revoked_while_redeemed(Backend::Postgres).await;
}

async fn revoked_while_redeemed(backend: Backend) {
    let app = TestApp::with(backend, &[]).await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    for _ in 0..10 {
        browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
        let code = client.code(&mut browser).await;
        let mut leaving = app.same(&browser);
        let (answer, _) = tokio::join!(client.redeem(&app, &code), leaving.sign_out());
        if answer.status == 200 {
            let tokens = answer.json();
            assert!(!is_accepted(&app, &text(&tokens, "access_token")).await);
            let again = client.refresh(&app, &text(&tokens, "refresh_token")).await;
            again.assert_refused(400, "invalid_grant");
        } else {
            answer.assert_refused(400, "invalid_grant");
        }
    }
}

#[tokio::test]
async fn a_session_that_is_revoked_while_its_apps_refresh_leaves_no_token() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let client = RelyingParty::trusted(&app).await;
        let mut browser = app.sign_up("ada@example.org").await;
        for _ in 0..10 {
            browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
            let token = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
            // From here on its use is not written.
            client.refresh(&app, &token).await.assert_status(200);
            let mut leaving = app.same(&browser);
            let refreshes = join_all((0..20).map(|_| client.refresh(&app, &token)));
            let (answers, _) = tokio::join!(refreshes, leaving.sign_out());
            for answer in answers {
                if answer.status == 200 {
                    assert!(!is_accepted(&app, &text(&answer.json(), "access_token")).await);
                } else {
                    answer.assert_refused(400, "invalid_grant");
                }
            }
            client.refresh(&app, &token).await.assert_refused(400, "invalid_grant");
        }
    }
}

#[tokio::test]
async fn a_copied_refresh_token_of_a_public_client_ends_the_grant_and_nothing_else() {
    let app = TestApp::start().await;
    let (client, other) = (RelyingParty::public(&app).await, RelyingParty::public(&app).await);
    let mut browser = app.sign_up("ada@example.org").await;
    let first = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    let elsewhere = text(&other.sign_in(&app, &mut browser).await, "refresh_token");
    app.advance(31 * SECOND);
    let second = text(&client.refresh(&app, &first).await.json(), "refresh_token");
    app.advance(31 * SECOND);
    let tokens = client.refresh(&app, &second).await.assert_status(200).json();
    client.refresh(&app, &first).await.assert_refused(400, "invalid_grant");
    client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
    assert!(!is_accepted(&app, &text(&tokens, "access_token")).await);
    assert!(app.events().await.contains(&"client_token_reused".to_owned()));
    other.refresh(&app, &elsewhere).await.assert_status(200);
    browser.refresh().await.assert_status(200);
}

#[tokio::test]
async fn a_lost_refresh_response_signs_nobody_out() {
    let app = TestApp::start().await;
    let client = RelyingParty::public(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let first = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    app.advance(3600 * SECOND);
    let lost = text(&client.refresh(&app, &first).await.json(), "refresh_token");
    app.advance(3600 * SECOND);
    let again = text(&client.refresh(&app, &first).await.assert_status(200).json(), "refresh_token");
    assert_eq!(again, lost);
}

#[tokio::test]
async fn a_client_that_proves_who_it_is_keeps_its_refresh_token() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let first = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    for _ in 0..3 {
        app.advance(3600 * SECOND);
        let answer = client.refresh(&app, &first).await;
        assert_eq!(text(&answer.assert_status(200).json(), "refresh_token"), first);
    }
}

#[tokio::test]
async fn use_of_a_grant_that_changes_nothing_else_is_written_once_a_minute() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let client = RelyingParty::trusted(&app).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let token = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
        let mut refresh_after = async |wait| {
            app.advance(wait);
            client.refresh(&app, &token).await.assert_status(200);
            browser.post("/api/account/apps", &[]).await.json()[0]["last_used_at"].clone()
        };
        let first = refresh_after(10 * SECOND).await;
        assert_eq!(first, app.clock.now().to_utc().0, "the first use is always written");
        assert_eq!(refresh_after(59 * SECOND).await, first);
        assert_eq!(refresh_after(SECOND).await, app.clock.now().to_utc().0);
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_own_client_alone() {
    let app = TestApp::start().await;
    let (client, other) = (RelyingParty::public(&app).await, RelyingParty::public(&app).await);
    let mut browser = app.sign_up("ada@example.org").await;
    let token = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    for _ in 0..2 {
        other.refresh(&app, &token).await.assert_refused(400, "invalid_grant");
        client.refresh(&app, &browser.refresh_token()).await.assert_refused(400, "invalid_grant");
        client.refresh(&app, "lkr1.nonsense").await.assert_refused(400, "invalid_grant");
        client.refresh(&app, &token).await.assert_status(200);
    }
    // And none of a client refreshes a browser's session.
    let mut thief = app.browser();
    thief.cookies.insert("__Host-latchkey".to_owned(), token);
    thief.refresh().await.assert_error(401, "no_session");
}

#[tokio::test]
async fn an_access_token_can_be_for_less_and_never_for_more() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let token = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    let with = async |scope: &str| {
        client
            .token(&app, &[("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", scope)])
            .await
    };
    assert_eq!(with("profile").await.assert_status(200).json()["scope"], "profile");
    with("openid email").await.assert_refused(400, "invalid_scope");
    assert_eq!(with("").await.json()["scope"], "openid profile", "the grant stays as it was");
}

#[tokio::test]
async fn each_refresh_asks_again_for_account_client_consent_and_scope() {
    // Of a token that was used a moment ago, and of one whose use must be written.
    for wait in [SECOND, 61 * SECOND] {
        let app = TestApp::start().await;
        let client_info = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client_info };
        let client = RelyingParty::register(&app, ClientKind::Web, ClientSettings::default()).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let ada = app.user("ada@example.org").await.id;
        let refresh = async |tokens: &Value| {
            app.advance(wait);
            client.refresh(&app, &text(tokens, "refresh_token")).await
        };

        let tokens = client.sign_in(&app, &mut browser).await;
        refresh(&tokens).await.assert_status(200);
        let narrower = ClientSettings { scopes: Some("openid".to_owned()), ..ClientSettings::default() };
        clients::update(&app.state, context, None, &client.id, &narrower).await.unwrap();
        refresh(&tokens).await.assert_refused(400, "invalid_grant");
        let usual = ClientSettings { scopes: Some("openid profile".to_owned()), ..ClientSettings::default() };
        clients::update(&app.state, context, None, &client.id, &usual).await.unwrap();
        refresh(&tokens).await.assert_status(200);

        consent::revoke(&app.state, context, Some(&ada), &ada, &client.id).await.unwrap();
        refresh(&tokens).await.assert_refused(400, "invalid_grant");
        assert!(!is_accepted(&app, &text(&tokens, "access_token")).await);

        let tokens = client.sign_in(&app, &mut browser).await;
        refresh(&tokens).await.assert_status(200);
        administer::disable(&app.state, context, None, &ada).await.unwrap();
        refresh(&tokens).await.assert_refused(400, "invalid_grant");
        assert!(!is_accepted(&app, &text(&tokens, "access_token")).await);
    }
}

#[tokio::test]
async fn signing_out_ends_the_sessions_of_every_app_and_tells_those_that_want_to_know() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let settings = ClientSettings {
        trusted: Some(true),
        backchannel_logout_uri: Some("https://app.example.org/logout".to_owned()),
        ..ClientSettings::default()
    };
    let told = RelyingParty::register(&app, ClientKind::Web, settings).await;
    let untold = RelyingParty::public(&app).await;
    let tokens = [told.sign_in(&app, &mut browser).await, untold.sign_in(&app, &mut browser).await];
    told.refresh(&app, &text(&tokens[0], "refresh_token")).await.assert_status(200);
    browser.sign_out().await.assert_status(200);
    for (client, tokens) in [&told, &untold].into_iter().zip(&tokens) {
        assert!(!is_accepted(&app, &text(tokens, "access_token")).await);
        client.refresh(&app, &text(tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
    }
    let sid = text(&claims(&text(&tokens[0], "id_token")), "sid");
    let deliveries = logout_deliveries::all(&app.state.store).await;
    assert_eq!(deliveries, [(told.id.to_string(), sid)]);
}

#[tokio::test]
async fn however_a_session_ends_its_apps_are_told() {
    let app = TestApp::start().await;
    let settings = ClientSettings {
        trusted: Some(true),
        backchannel_logout_uri: Some("https://app.example.org/logout".to_owned()),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    let client_info = ClientInfo::command_line();
    let mut told = 0;
    for way in ["replaced", "elsewhere", "others", "password", "admin", "everybody", "expired", "deleted"] {
        let context = ActionContext { now: app.clock.now(), client: &client_info };
        let email = format!("{way}@example.org");
        let mut browser = app.sign_up(&email).await;
        let user = app.user(&email).await.id;
        let tokens = client.sign_in(&app, &mut browser).await;
        let mut second = app.browser();
        second.sign_in(&email, PASSWORD).await.assert_status(200);
        let session = browser.refresh_token().split('.').nth(1).unwrap().to_owned();
        match way {
            "replaced" => drop(browser.sign_in(&email, PASSWORD).await),
            "elsewhere" => drop(second.post("/api/sessions/revoke", &[("session_id", &session)]).await),
            "others" => drop(second.post("/api/sessions/revoke_others", &[]).await),
            "password" => {
                let fields =
                    [("current_password", PASSWORD), ("new_password", "another horse battery staple")];
                second.post("/api/account/change_password", &fields).await.assert_status(200);
            }
            "admin" => drop(administer::revoke_sessions(&app.state, context, None, &user).await.unwrap()),
            "everybody" => {
                crate::server::sessions::revoke::revoke_everything(&app.state, context).await.unwrap();
            }
            "expired" => {
                app.advance(8 * DAY);
                assert_eq!(end_expired(&app.state, app.clock.now()).await.unwrap(), 1);
            }
            _ => drop(second.post("/api/account/delete", &[("password", PASSWORD)]).await),
        }
        told += 1;
        assert_eq!(logout_deliveries::all(&app.state.store).await.len(), told, "{way}");
        client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
        assert!(!is_accepted(&app, &text(&tokens, "access_token")).await, "{way}");
    }
}

#[tokio::test]
async fn an_offline_grant_survives_signing_out_and_ends_with_the_password() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let offline = client.request_with(&[("scope", "openid offline_access")]);
    let code = client.authorize(&mut browser, &offline).await["code"].clone();
    let tokens = client.redeem(&app, &code).await.assert_status(200).json();
    browser.sign_out().await.assert_status(200);
    app.advance(20 * DAY);
    end_expired(&app.state, app.clock.now()).await.unwrap();
    let tokens = client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_status(200).json();
    assert!(is_accepted(&app, &text(&tokens, "access_token")).await);
    browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let fields = [("current_password", PASSWORD), ("new_password", "another horse battery staple")];
    browser.post("/api/account/change_password", &fields).await.assert_status(200);
    client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
    assert!(!is_accepted(&app, &text(&tokens, "access_token")).await);
}

#[tokio::test]
async fn a_grant_ends_unused_for_thirty_days_and_after_half_a_year_whatever_is_done() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let offline = client.request_with(&[("scope", "openid offline_access")]);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let code = client.authorize(&mut browser, &offline).await["code"].clone();
        let given = client.redeem(&app, &code).await.assert_status(200).json();
        tokens.push(text(&given, "refresh_token"));
    }
    let [used, unused] = [&tokens[0], &tokens[1]];
    for days in (29..180).step_by(29) {
        app.advance(29 * DAY);
        client.refresh(&app, used).await.assert_status(200);
        if days > 30 {
            client.refresh(&app, unused).await.assert_refused(400, "invalid_grant");
        }
    }
    app.advance(6 * DAY);
    client.refresh(&app, used).await.assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_session_that_was_not_used_for_too_long_refreshes_no_app() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let tokens = client.sign_in(&app, &mut browser).await;
    app.advance(8 * DAY);
    client.refresh(&app, &text(&tokens, "refresh_token")).await.assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_service_gets_a_token_for_its_resources_and_speaks_for_nobody() {
    let app = TestApp::start().await;
    let settings = ClientSettings {
        scopes: Some("read write".to_owned()),
        resources: Some(vec!["https://api.example.org".to_owned()]),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(&app, ClientKind::Service, settings).await;
    let with = async |fields: &[(&str, &str)]| {
        let mut all = vec![("grant_type", "client_credentials")];
        all.extend_from_slice(fields);
        client.token(&app, &all).await
    };
    let tokens = with(&[("scope", "read")]).await.assert_status(200).json();
    let access = claims(&text(&tokens, "access_token"));
    assert_eq!(access["sub"], client.id.as_str());
    assert_eq!((&access["aud"], &access["scope"]), (&"https://api.example.org".into(), &"read".into()));
    assert_eq!((&tokens["refresh_token"], &tokens["id_token"]), (&Value::Null, &Value::Null));
    with(&[("scope", "admin")]).await.assert_refused(400, "invalid_scope");
    with(&[("resource", "http://localhost:3000")]).await.assert_refused(400, "invalid_target");
    client.redeem(&app, "code").await.assert_refused(400, "unauthorized_client");
    let web = RelyingParty::trusted(&app).await;
    let answer = web.token(&app, &[("grant_type", "client_credentials")]).await;
    answer.assert_refused(400, "unauthorized_client");
    web.token(&app, &[("grant_type", "password")]).await.assert_refused(400, "unsupported_grant_type");
    web.token(&app, &[]).await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_silent_store_never_makes_a_client_throw_its_tokens_away() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let token = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
    app.state.store.close().await;
    let answer = client.refresh(&app, &token).await;
    answer.assert_refused(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}
