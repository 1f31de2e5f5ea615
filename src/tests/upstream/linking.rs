//! Linking a provider to the account that somebody has, and unlinking it.

use std::time::Duration;

use serde_json::{Value, json};

use super::provider::*;
use crate::{
    server::upstream::ProviderSettings,
    tests::test_app::{Answer, Backend, Browser, PASSWORD, TestApp},
};

const ADA: &str = "248289761001";

struct Linking {
    app: TestApp,
    provider: TestProvider,
    browser: Browser,
}

impl Linking {
    /// Somebody who has an account with a password.
    async fn new(backend: Backend) -> Self {
        let app = TestApp::with(backend, &[]).await;
        let provider = TestProvider::start(&app.clock).await;
        let settings = ProviderSettings { sign_up: None, ..TestProvider::settings() };
        provider.add_to(&app, settings).await;
        provider.says_of_person(json!({ "sub": ADA, "email": "countess@example.net" }));
        let browser = app.sign_up("ada@example.org").await;
        Self { app, provider, browser }
    }

    /// Begins to link.
    async fn begin(&mut self) -> std::collections::BTreeMap<&'static str, String> {
        let answer = self.browser.post("/api/account/link_provider", &[("provider", SLUG)]).await;
        let address = answer.assert_status(200).json()["address"].as_str().unwrap().to_owned();
        let address = url::Url::parse(&address).unwrap();
        self.provider.returns(&address.query_pairs().into_owned().collect())
    }

    async fn link(&mut self) -> Answer {
        let answer = self.begin().await;
        come_back(&mut self.browser, &answer).await
    }

    async fn linked(&mut self) -> Value {
        self.browser.post("/api/account/providers", &[]).await.json()
    }

    async fn unlink(&mut self) -> Answer {
        self.browser.post("/api/account/unlink_provider", &[("provider", SLUG)]).await
    }
}

#[tokio::test]
async fn somebody_links_a_provider_signs_in_with_it_and_unlinks_it() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut linking = Linking::new(backend).await;
        let unlinked = json!([{ "slug": SLUG, "name": NAME, "email": null, "linked_at": null }]);
        assert_eq!(linking.linked().await, unlinked);
        linking.provider.sign_in(&mut linking.app.browser()).await.assert_status(403);
        let back = linking.link().await;
        assert_eq!(back.assert_status(303).location(), "/account/security");
        assert!(back.header("set-cookie").is_none(), "the session goes on");
        assert_eq!(linking.linked().await[0]["email"], "countess@example.net");
        let mut other = linking.app.browser();
        linking.provider.sign_in(&mut other).await.assert_status(303);
        assert!(other.get("/account").await.body.contains("ada@example.org"));
        linking.unlink().await.assert_status(200);
        other.refresh().await.assert_error(401, "session_revoked");
        assert_eq!(linking.linked().await, unlinked);
        linking.provider.sign_in(&mut linking.app.browser()).await.assert_status(403);
        linking.unlink().await.assert_error(404, "not_found");
        let events = linking.app.events().await;
        for event in ["provider_linked", "provider_unlinked"] {
            assert!(events.iter().any(|other| other == event), "{events:?}");
        }
    }
}

/// Incident 26: Keycloak CVE-2026-9087, CVE-2026-82968, CVE-2026-92358, CVE-2026-15571.
#[tokio::test]
async fn a_link_is_made_once_in_the_session_that_began_it_with_a_fresh_password() {
    let mut linking = Linking::new(Backend::Sqlite).await;
    // An old access token is not enough to begin.
    linking.app.advance(Duration::from_secs(15 * 60));
    linking.browser.refresh().await.assert_status(200);
    let stale = linking.browser.post("/api/account/link_provider", &[("provider", SLUG)]).await;
    stale.assert_error(403, "reauthentication_required");
    linking.browser.post("/api/auth/reauthenticate", &[("password", PASSWORD)]).await.assert_status(200);
    // Begun by one and finished by another, in the same browser: neither is linked.
    let answer = linking.begin().await;
    let mut another = linking.browser.clone();
    another.sign_up("eve@example.org").await.assert_status(200);
    come_back(&mut another, &answer).await.assert_status(403);
    come_back(&mut linking.browser, &answer).await.assert_status(400);
    // Signed out meanwhile, or signed in again.
    linking.browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let answer = linking.begin().await;
    linking.browser.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    come_back(&mut linking.browser, &answer).await.assert_status(403);
    // What was begun before it was unlinked is given up.
    linking.link().await.assert_status(303);
    let answer = linking.begin().await;
    linking.unlink().await.assert_status(200);
    come_back(&mut linking.browser, &answer).await.assert_status(400);
    assert_eq!(linking.linked().await[0]["linked_at"], Value::Null);
}

/// Incident 23: Keycloak 53041. Whoever owns the address never joins the account that a stranger has opened with it.
#[tokio::test]
async fn an_account_that_a_stranger_opened_with_an_address_is_not_joined_by_its_owner() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    provider.add_to(&app, TestProvider::settings()).await;
    app.sign_up("ada@example.org").await;
    provider.says_of_person(json!({ "sub": ADA, "email": "ada@example.org", "email_verified": true }));
    let mut browser = app.browser();
    provider.sign_in(&mut browser).await.assert_status(409);
    assert!(!browser.cookies.contains_key("__Host-latchkey"));
}

#[tokio::test]
async fn who_somebody_is_at_a_provider_belongs_to_one_account() {
    let mut linking = Linking::new(Backend::Sqlite).await;
    linking.link().await.assert_status(303);
    let mut eve = Linking { browser: linking.app.sign_up("eve@example.org").await, ..linking };
    eve.link().await.assert_status(409);
    // And an account has one at each provider.
    eve.provider.says_of_person(json!({ "sub": "one", "email": "eve@example.net" }));
    eve.link().await.assert_status(303);
    eve.provider.says_of_person(json!({ "sub": "two", "email": "eve@example.net" }));
    eve.link().await.assert_status(409);
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    provider.add_to(&app, TestProvider::settings()).await;
    provider.says_of_person(json!({ "sub": ADA, "email": "ada@example.org" }));
    let mut browser = app.browser();
    provider.sign_in(&mut browser).await.assert_status(303);
    browser.refresh().await.assert_status(200);
    let unlink = browser.post("/api/account/unlink_provider", &[("provider", SLUG)]).await;
    unlink.assert_error(409, "last_way_in");
    provider.sign_in(&mut app.browser()).await.assert_status(303);
}

#[tokio::test]
async fn a_provider_that_may_not_be_linked_is_not_offered() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    provider.add_to(&app, ProviderSettings { linking: Some(false), ..TestProvider::settings() }).await;
    let mut browser = app.sign_up("ada@example.org").await;
    assert_eq!(browser.post("/api/account/providers", &[]).await.json(), json!([]));
    browser.post("/api/account/link_provider", &[("provider", SLUG)]).await.assert_error(404, "not_found");
    for unknown in ["other", "No"] {
        browser
            .post("/api/account/link_provider", &[("provider", unknown)])
            .await
            .assert_error(404, "not_found");
    }
}
