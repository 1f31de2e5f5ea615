//! The apps that people have allowed something, and clients as administrators manage them on their pages.

use std::time::Duration;

use super::{
    html::open,
    relying_party::{RelyingParty, is_accepted},
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::oauth::clients::ClientSettings,
    tests::test_app::{Backend, TestApp},
};

async fn notes(app: &TestApp) -> RelyingParty {
    let settings = ClientSettings {
        developer: Some("Example Ltd".to_owned()),
        scopes: Some("openid profile offline_access".to_owned()),
        ..ClientSettings::default()
    };
    RelyingParty::register(app, ClientKind::Web, settings).await
}

#[tokio::test]
async fn an_app_is_listed_with_what_it_may_do_since_when_and_when_it_was_last_used() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let mut grace = app.sign_up("grace@example.org").await;
        assert_eq!(ada.post("/api/account/apps", &[]).await.json().as_array().unwrap().len(), 0);
        let client = notes(&app).await;
        let allowed_at = app.clock.now().to_utc();
        let tokens = client.sign_in(&app, &mut ada).await;
        app.advance(Duration::from_secs(60));
        client.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.assert_status(200);

        let apps = ada.post("/api/account/apps", &[]).await.assert_status(200).json();
        assert_eq!(apps.as_array().unwrap().len(), 1);
        assert_eq!(apps[0]["client_id"], client.id.as_str());
        assert_eq!((&apps[0]["name"], &apps[0]["developer"]), (&"Notes".into(), &"Example Ltd".into()));
        assert_eq!(apps[0]["may"][0], "Know who you are when you sign in");
        assert_eq!(apps[0]["may"][1], "See your display name");
        assert_eq!(apps[0]["trusted"], false);
        assert_eq!(apps[0]["since"], allowed_at.0);
        assert_eq!(apps[0]["last_used_at"], app.clock.now().to_utc().0);
        let others = grace.post("/api/account/apps", &[]).await.json();
        assert!(others.as_array().unwrap().is_empty(), "nobody sees the apps of others");
    }
}

#[tokio::test]
async fn access_that_is_taken_back_ends_every_session_and_grant_of_that_app_and_of_no_other() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let mut grace = app.sign_up("grace@example.org").await;
        let (client, other) = (notes(&app).await, notes(&app).await);
        let offline = client.request_with(&[("scope", "openid offline_access"), ("prompt", "consent")]);
        let code = client.authorize(&mut ada, &offline).await["code"].clone();
        let away = client.redeem(&app, &code).await.assert_status(200).json();
        let here = client.sign_in(&app, &mut ada).await;
        let kept = [other.sign_in(&app, &mut ada).await, client.sign_in(&app, &mut grace).await];

        let fields = [("client_id", client.id.as_str())];
        ada.post("/api/account/revoke_app", &fields).await.assert_status(200);
        for tokens in [&away, &here] {
            assert!(!is_accepted(&app, tokens["access_token"].as_str().unwrap()).await, "{backend:?}");
            let refused = client.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await;
            refused.assert_refused(400, "invalid_grant");
        }
        for tokens in &kept {
            assert!(is_accepted(&app, tokens["access_token"].as_str().unwrap()).await, "{backend:?}");
        }
        assert!(app.events().await.contains(&"consent_revoked".to_owned()));
        let left = ada.post("/api/account/apps", &[]).await.json();
        assert_eq!(left.as_array().unwrap().len(), 1);
        assert_eq!(left[0]["client_id"], other.id.as_str());
        // There is nothing left to take back, and the app asks anew.
        ada.post("/api/account/revoke_app", &fields).await.assert_error(404, "not_found");
        let answer = ada.get(&super::relying_party::path(&client.request())).await;
        assert!(answer.location().starts_with("/consent"), "{answer:?}");
    }
}

#[tokio::test]
async fn taking_access_back_needs_a_password_that_was_entered_a_short_while_ago() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    let client = notes(&app).await;
    client.sign_in(&app, &mut ada).await;
    app.advance(Duration::from_secs(3600));
    ada.refresh().await.assert_status(200);
    let fields = [("client_id", client.id.as_str())];
    ada.post("/api/account/revoke_app", &fields).await.assert_error(403, "reauthentication_required");
    assert_eq!(ada.post("/api/account/apps", &[]).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_app_that_is_not_there_or_has_nothing_of_the_caller_can_not_be_told_apart() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    let mut grace = app.sign_up("grace@example.org").await;
    let client = notes(&app).await;
    client.sign_in(&app, &mut grace).await;
    for id in [client.id.as_str(), "lkc_AAAAAAAAAAAAAAAAAAAAAA", "", "' OR 1=1 --"] {
        let answer = ada.post("/api/account/revoke_app", &[("client_id", id)]).await;
        answer.assert_error(404, "not_found");
    }
    assert_eq!(grace.post("/api/account/apps", &[]).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_trusted_app_is_listed_while_it_has_a_session_and_says_that_it_is_trusted() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    let client = RelyingParty::trusted(&app).await;
    let tokens = client.sign_in(&app, &mut ada).await;
    let apps = ada.post("/api/account/apps", &[]).await.json();
    assert_eq!((&apps[0]["client_id"], &apps[0]["trusted"]), (&client.id.as_str().into(), &true.into()));
    ada.post("/api/account/revoke_app", &[("client_id", client.id.as_str())]).await.assert_status(200);
    assert!(!is_accepted(&app, tokens["access_token"].as_str().unwrap()).await);
    assert!(ada.post("/api/account/apps", &[]).await.json().as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_page_of_the_apps_says_it_in_words_without_javascript() {
    let app = TestApp::start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    let page = open(&mut ada, "/account/apps").await.main();
    assert!(page.text().contains("No app has access to your account."), "{}", page.text());
    let client = notes(&app).await;
    client.sign_in(&app, &mut ada).await;
    let page = open(&mut ada, "/account/apps").await.main();
    let shown = page.with("class", "items");
    assert_eq!(shown.texts("h2"), ["Notes"]);
    for words in ["Example Ltd", "See your display name", "Take access back"] {
        assert!(shown.text().contains(words), "{words}");
    }
    assert!(!page.text().contains("No app has access"));
}
