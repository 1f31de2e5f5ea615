//! Providers as administrators manage them, through HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    html::open,
    upstream::provider::{CLIENT_ID, SECRET, TestProvider},
};
use crate::{
    server::upstream::discover_again,
    tests::test_app::{Backend, Browser, TestApp},
};

const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

async fn start(backend: Backend) -> (TestApp, Browser, TestProvider) {
    let app = TestApp::with(backend, &[]).await;
    let admin = app.sign_in_as("admin@example.org", "admin").await;
    let provider = TestProvider::start(&app.clock).await;
    (app, admin, provider)
}

/// What the page sends to add the provider.
fn form(provider: &TestProvider) -> [(&str, &str); 14] {
    [
        ("preset", "openid"),
        ("slug", "acme"),
        ("issuer", &provider.issuer),
        ("name", "Acme"),
        ("client_id", CLIENT_ID),
        ("client_secret", SECRET),
        ("sign_up", "domains"),
        ("domain", "example.org\r\nexample.net"),
        ("linking", "true"),
        ("rule", "groups=a:role=editor\r\n"),
        ("admin_by_rule", "false"),
        ("scope", ""),
        ("algorithm", ""),
        ("allow_private_address", "true"),
    ]
}

/// What the page sends to change it.
fn settings() -> Vec<(&'static str, &'static str)> {
    vec![
        ("slug", "acme"),
        ("name", "Acme"),
        ("client_id", CLIENT_ID),
        ("client_secret", ""),
        ("scope", "openid email"),
        ("algorithm", "ES256"),
        ("sign_up", "open"),
        ("domain", ""),
        ("linking", "true"),
        ("rule", "groups=a:role=editor"),
        ("admin_by_rule", "false"),
        ("allow_private_address", "true"),
    ]
}

/// The same with other values in some fields.
fn with<'a>(mut form: Vec<(&'a str, &'a str)>, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    form.retain(|(name, _)| !others.iter().any(|(other, _)| other == name));
    form.extend(others);
    form
}

async fn get(admin: &mut Browser) -> Value {
    admin.post("/api/admin/providers/get", &[("slug", "acme")]).await.assert_status(200).json()
}

async fn newest_event(admin: &mut Browser) -> Value {
    let events = admin.post("/api/admin/audit/list", &[("limit", "1")]).await.json();
    let event = &events["items"][0];
    json!([event["event"], event["actor"]["email"], event["detail"]["provider"]])
}

#[tokio::test]
async fn a_provider_is_added_changed_switched_off_and_on_and_removed_and_each_step_is_recorded() {
    for backend in BACKENDS {
        let (_app, mut admin, provider) = start(backend).await;
        let recorded = |event: &str| json!([event, "admin@example.org", "acme"]);
        let added = admin.post("/api/admin/providers/add", &form(&provider)).await.assert_status(200).json();
        assert_eq!(newest_event(&mut admin).await, recorded("provider_added"));
        assert_eq!(added["scope"], "email openid profile");
        assert_eq!(
            (&added["algorithms"], &added["sign_up"]),
            (&json!("ES256"), &json!("domains example.org example.net"))
        );
        let details = get(&mut admin).await;
        assert_eq!(details, json!({ "provider": added, "accounts": 0 }));
        let list = admin.post("/api/admin/providers/list", &[]).await.json();
        assert_eq!(list["items"], json!([details]));
        assert_eq!(list["redirect_uri"], "http://localhost:3000/auth/upstream/SLUG/callback");

        let change = with(settings(), &[("name", "Acme Works"), ("rule", "")]);
        let changed = admin.post("/api/admin/providers/update", &change).await.assert_status(200).json();
        assert_eq!(newest_event(&mut admin).await, recorded("provider_changed"));
        assert_eq!(
            (&changed["name"], &changed["sign_up"], &changed["rules"]),
            (&json!("Acme Works"), &json!("open"), &json!([]))
        );
        for (step, event, enabled) in
            [("disable", "provider_disabled", false), ("enable", "provider_enabled", true)]
        {
            let path = format!("/api/admin/providers/{step}");
            let answer = admin.post(&path, &[("slug", "acme")]).await.assert_status(200).json();
            assert_eq!(
                (answer["enabled"].as_bool(), newest_event(&mut admin).await),
                (Some(enabled), recorded(event))
            );
        }
        admin.post("/api/admin/providers/remove", &[("slug", "acme")]).await.assert_status(200);
        assert_eq!(newest_event(&mut admin).await, recorded("provider_removed"));
        for step in ["get", "update", "disable", "enable", "remove"] {
            for slug in ["acme", "", "../acme"] {
                let fields =
                    if step == "update" { with(settings(), &[("slug", slug)]) } else { vec![("slug", slug)] };
                let answer = admin.post(&format!("/api/admin/providers/{step}"), &fields).await;
                answer.assert_error(404, "not_found");
            }
        }
    }
}

#[tokio::test]
async fn the_secret_is_kept_if_the_field_is_empty_and_no_answer_and_no_page_shows_it() {
    let (app, mut admin, provider) = start(Backend::Sqlite).await;
    admin.post("/api/admin/providers/add", &form(&provider)).await.assert_status(200);
    let kept = with(settings(), &[("client_secret", "")]);
    let answers = [
        admin.post("/api/admin/providers/update", &kept).await.assert_status(200).body.clone(),
        get(&mut admin).await.to_string(),
        admin.post("/api/admin/providers/list", &[]).await.body,
        admin.get("/admin/providers").await.body,
        admin.get("/admin/providers/acme").await.body,
    ];
    for answer in answers {
        assert!(!answer.contains(SECRET));
    }
    // The provider still knows us by it.
    provider.says_of_person(json!({ "sub": "248289761001", "email": "grace@example.org" }));
    provider.sign_in(&mut app.browser()).await.assert_status(303);
    assert!(provider.says().authorization.starts_with("Basic "));
    assert_eq!(get(&mut admin).await["accounts"], 1);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_field_and_changes_nothing() {
    let (_app, mut admin, provider) = start(Backend::Sqlite).await;
    let base = form(&provider).to_vec();
    for (others, field) in [
        (&[("preset", "facebook")][..], "preset"),
        (&[("slug", "Ac me")], "slug"),
        (&[("issuer", "http://127.0.0.1:1")], "issuer"),
        (&[("allow_private_address", "false")], "issuer"),
        (&[("allow_private_address", "perhaps")], "allow_private_address"),
        (&[("name", "")], "name"),
        (&[("client_id", "a b")], "client_id"),
        (&[("client_secret", "a b")], "client_secret"),
        (&[("sign_up", "open")], "sign_up"),
        (&[("domain", "*.org")], "sign_up"),
        (&[("scope", "email")], "scope"),
        (&[("algorithm", "HS256")], "algorithm"),
        (&[("rule", "groups=a:role=admin")], "rule"),
        (&[("rule", "groups=a:group=Nobody")], "rule"),
    ] {
        let answer = admin.post("/api/admin/providers/add", &with(base.clone(), others)).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), [field]);
    }
    assert_eq!(admin.post("/api/admin/providers/list", &[]).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_discovery_that_fails_is_shown_until_one_succeeds() {
    for backend in BACKENDS {
        let (app, mut admin, provider) = start(backend).await;
        admin.post("/api/admin/providers/add", &form(&provider)).await.assert_status(200);
        let good = provider.says().metadata.clone();
        provider.says().metadata["issuer"] = "https://evil.example".into();
        app.advance(Duration::from_secs(86_400));
        discover_again(&app.state, app.clock.now()).await.unwrap();
        admin.refresh().await.assert_status(200);
        let failure = get(&mut admin).await["provider"]["discovery_failure"].clone();
        assert_eq!(failure["at"], app.clock.now().to_utc().0);
        assert!(failure["problem"].as_str().unwrap().contains("https://evil.example"));
        let page = open(&mut admin, "/admin/providers/acme").await.main().text();
        assert!(page.contains("The last discovery failed"), "{page}");
        provider.says().metadata = good;
        discover_again(&app.state, app.clock.now()).await.unwrap();
        assert_eq!(get(&mut admin).await["provider"]["discovery_failure"], Value::Null);
    }
}

#[tokio::test]
async fn the_pages_of_providers_are_read_without_javascript() {
    let (_app, mut admin, provider) = start(Backend::Sqlite).await;
    assert!(open(&mut admin, "/admin/providers").await.main().text().contains("There are no providers."));
    admin.post("/api/admin/providers/add", &form(&provider)).await.assert_status(200);
    let page = open(&mut admin, "/admin/providers").await.main();
    assert_eq!(
        page.with("aria-label", "Providers").texts("td")[..5],
        ["Acme", &provider.issuer, "domains example.org example.net", "0", "active"]
    );
    let page = open(&mut admin, "/admin/providers/acme").await.main().text();
    for shown in [
        "Another OpenID Provider",
        &provider.issuer,
        "/auth/upstream/acme/callback",
        "/auth/upstream/acme/logout",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn a_provider_has_its_sign_on_the_sign_in_page() {
    let (app, mut admin, provider) = start(Backend::Sqlite).await;
    let hostile = with(form(&provider).to_vec(), &[("name", "<img> & co")]);
    admin.post("/api/admin/providers/add", &hostile).await.assert_status(200);
    let page = open(&mut app.browser(), "/login").await.main();
    let sign = page.with("class", "initial");
    assert_eq!((sign.text(), page.texts("img")), ("<".to_owned(), Vec::new()));
}
