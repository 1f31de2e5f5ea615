//! Tokens that clients give back, and tokens that end with what they came from.

use serde_json::{Value, json};

use super::relying_party::RelyingParty;
use crate::{
    model::oauth::client_kind::ClientKind,
    server::oauth::clients::ClientSettings,
    tests::test_app::{Backend, TestApp},
};

fn text(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no {name}: {json}")).to_owned()
}

async fn is_active(client: &RelyingParty, app: &TestApp, token: &str) -> bool {
    let answer = client.call(app, "/oauth/introspect", &[("token", token)]).await;
    answer.assert_status(200).json()["active"] == json!(true)
}

#[tokio::test]
async fn a_token_that_is_given_back_ends_its_grant_with_all_its_tokens() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for given_back in ["refresh_token", "access_token"] {
            let app = TestApp::with(backend, &[]).await;
            let mut browser = app.sign_up("ada@example.org").await;
            let client = RelyingParty::trusted(&app).await;
            let tokens = client.sign_in(&app, &mut browser).await;
            let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
            assert!(is_active(&client, &app, &access).await);
            let answer =
                client.call(&app, "/oauth/revoke", &[("token", tokens[given_back].as_str().unwrap())]).await;
            assert_eq!(answer.assert_status(200).body, "");
            assert!(!is_active(&client, &app, &access).await, "{backend:?} {given_back}");
            app.browser()
                .get_with_token("/oauth/userinfo", Some(&access))
                .await
                .assert_error(401, "invalid_token");
            let refused = client.refresh(&app, &refresh).await;
            assert_eq!(refused.assert_status(400).json()["error"], "invalid_grant");
            // Giving it back twice is giving it back, and the person is still signed in.
            client.call(&app, "/oauth/revoke", &[("token", &refresh)]).await.assert_status(200);
            browser.use_token().await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_token_of_another_client_is_not_revoked_and_nothing_is_said_of_it() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let (client, other) = (RelyingParty::trusted(&app).await, RelyingParty::trusted(&app).await);
    let tokens = client.sign_in(&app, &mut browser).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let forged = format!("{}A", &refresh[..refresh.len() - 1]);
    let own = browser.access_token.clone().unwrap();
    for token in [&access, &refresh, &forged, &own, "x", "lkr1.a.b.c", &browser.refresh_token()] {
        let answer = other.call(&app, "/oauth/revoke", &[("token", token)]).await;
        assert_eq!(answer.assert_status(200).body, "");
        assert!(!is_active(&other, &app, token).await);
    }
    assert!(is_active(&client, &app, &access).await);
    client.refresh(&app, &refresh).await.assert_status(200);
    browser.use_token().await.assert_status(200);
}

#[tokio::test]
async fn a_public_client_gives_its_tokens_back_and_asks_about_none() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let client = RelyingParty::public(&app).await;
    let access = text(&client.sign_in(&app, &mut browser).await, "access_token");
    let answer = client.call(&app, "/oauth/introspect", &[("token", &access)]).await;
    assert_eq!(answer.assert_status(401).json()["error"], "invalid_client");
    app.browser().get_with_token("/oauth/userinfo", Some(&access)).await.assert_status(200);
    client.call(&app, "/oauth/revoke", &[("token", &access)]).await.assert_status(200);
    app.browser().get_with_token("/oauth/userinfo", Some(&access)).await.assert_error(401, "invalid_token");
    let missing = client.call(&app, "/oauth/revoke", &[]).await;
    assert_eq!(missing.assert_status(400).json()["error"], "invalid_request");
}

#[tokio::test]
async fn a_service_gives_one_of_its_own_tokens_back_and_keeps_the_others() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let settings = ClientSettings {
            resources: Some(vec!["https://api.example.org".to_owned()]),
            ..ClientSettings::default()
        };
        let service = RelyingParty::register(&app, ClientKind::Service, settings).await;
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let answer = service.token(&app, &[("grant_type", "client_credentials")]).await;
            tokens.push(text(&answer.assert_status(200).json(), "access_token"));
        }
        assert!(is_active(&service, &app, &tokens[0]).await);
        service.call(&app, "/oauth/revoke", &[("token", &tokens[0])]).await.assert_status(200);
        assert!(!is_active(&service, &app, &tokens[0]).await, "{backend:?}");
        assert!(is_active(&service, &app, &tokens[1]).await);
        let app = app.restart().await;
        assert!(!is_active(&service, &app, &tokens[0]).await, "a restart revives none");
    }
}

#[tokio::test]
async fn nothing_that_was_minted_while_its_grant_was_given_back_works_afterwards() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let client = RelyingParty::trusted(&app).await;
        let refresh = text(&client.sign_in(&app, &mut browser).await, "refresh_token");
        let refreshes = futures::future::join_all((0..20).map(|_| client.refresh(&app, &refresh)));
        let fields = [("token", refresh.as_str())];
        let (answers, revoked) = tokio::join!(refreshes, client.call(&app, "/oauth/revoke", &fields));
        revoked.assert_status(200);
        for answer in answers {
            if answer.status == 200 {
                assert!(
                    !is_active(&client, &app, &text(&answer.json(), "access_token")).await,
                    "{backend:?}"
                );
            } else {
                assert_eq!(answer.assert_status(400).json()["error"], "invalid_grant");
            }
        }
        let refused = client.refresh(&app, &refresh).await;
        assert_eq!(refused.assert_status(400).json()["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn a_session_that_ends_ends_the_tokens_of_its_apps_at_once() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let (first, second) = (RelyingParty::trusted(&app).await, RelyingParty::trusted(&app).await);
        let tokens = first.sign_in(&app, &mut browser).await;
        let others = second.sign_in(&app, &mut browser).await;
        assert_ne!(
            super::client_tokens::part(&text(&tokens, "id_token"), 1)["sid"],
            super::client_tokens::part(&text(&others, "id_token"), 1)["sid"],
            "two clients can't compare notes"
        );
        browser.sign_out().await.assert_status(200);
        for (client, tokens) in [(&first, &tokens), (&second, &others)] {
            assert!(!is_active(client, &app, &text(tokens, "access_token")).await, "{backend:?}");
            let refused = client.refresh(&app, &text(tokens, "refresh_token")).await;
            assert_eq!(refused.assert_status(400).json()["error"], "invalid_grant");
        }
    }
}
