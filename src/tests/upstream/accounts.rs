//! Whose account it is that somebody comes to, and what rules give there.

use serde_json::{Value, json};

use super::provider::*;
use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        role::Roles,
        user::{UserStatus, UserSummary},
    },
    server::{
        accounts::invite,
        client_info::{ActionContext, ClientInfo},
        oauth::groups,
        store::{self, users},
        upstream::ProviderSettings,
    },
    tests::test_app::{Answer, Backend, TestApp},
};

const ADA: &str = "248289761001";

async fn start_with(settings: ProviderSettings) -> (TestApp, TestProvider) {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    provider.add_to(&app, settings).await;
    (app, provider)
}

async fn sign_in_as(app: &TestApp, provider: &TestProvider, claims: Value) -> Answer {
    provider.says_of_person(claims);
    provider.sign_in(&mut app.browser()).await
}

async fn has_account(app: &TestApp, email: &str) -> bool {
    let mut reader = app.state.store.read().await.unwrap();
    users::by_email(&mut reader, &EmailAddress::parse(email).unwrap()).await.unwrap().is_some()
}

async fn groups_of(app: &TestApp, email: &str) -> Vec<String> {
    let user = app.user(email).await;
    let mut reader = app.state.store.read().await.unwrap();
    store::groups::names_of_user(&mut reader, &user.id).await.unwrap()
}

async fn add_group(app: &TestApp, name: &str) {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    groups::add(&app.state, context, None, name).await.unwrap();
}

/// Incident 22: "nOAuth", Zitadel CVE-2026-56666, Better Auth GHSA-g38m-r43w-p2q7.
#[tokio::test]
async fn an_address_finds_no_account_however_well_it_is_verified() {
    let (app, provider) = start_with(TestProvider::settings()).await;
    app.sign_in_as("ada@example.org", "admin").await;
    let claims = json!({ "sub": ADA, "email": "Ada@Example.org", "email_verified": true });
    let answer = sign_in_as(&app, &provider, claims).await;
    answer.assert_status(409);
    assert!(answer.body.contains("sign in with your password"), "{}", answer.body);
    assert!(answer.header("set-cookie").is_none());
    let mut reader = app.state.store.read().await.unwrap();
    let user = app.user("ada@example.org").await;
    assert!(store::upstream_identities::of_user(&mut reader, &user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_gets_an_account_unless_the_policy_says_so() {
    for policy in ["closed", "invited"] {
        let settings = ProviderSettings { sign_up: Some(policy.to_owned()), ..TestProvider::settings() };
        let (app, provider) = start_with(settings).await;
        sign_in_as(&app, &provider, json!({ "sub": ADA, "email": "ada@example.org" }))
            .await
            .assert_status(403);
        assert!(!has_account(&app, "ada@example.org").await, "{policy}");
    }
    let (app, _) = start_with(ProviderSettings { sign_up: None, ..TestProvider::settings() }).await;
    let provider = app.state.store.read().await.unwrap();
    let mut reader = provider;
    let provider = store::upstream_providers::by_slug(&mut reader, &slug()).await.unwrap().unwrap();
    assert_eq!(provider.sign_up.to_string(), "closed", "unless it is said otherwise");
}

#[tokio::test]
async fn a_domain_lets_in_whoever_has_a_verified_address_in_it() {
    let settings =
        ProviderSettings { sign_up: Some("domains example.org".to_owned()), ..TestProvider::settings() };
    let (app, provider) = start_with(settings).await;
    for (sub, email, verified, status) in [
        ("1", "ada@example.org", json!(false), 403),
        ("2", "ada@example.org", Value::Null, 403),
        ("3", "ada@sub.example.org", json!(true), 403),
        ("4", "ada@example.org.evil.example", json!(true), 403),
        ("5", "ada@example.org", json!(true), 303),
    ] {
        let claims = json!({ "sub": sub, "email": email, "email_verified": verified });
        sign_in_as(&app, &provider, claims).await.assert_status(status);
    }
}

/// Incident 24: Keycloak CVE-2026-14781.
#[tokio::test]
async fn an_address_and_whether_it_is_verified_are_from_one_document() {
    let settings =
        ProviderSettings { sign_up: Some("domains example.org".to_owned()), ..TestProvider::settings() };
    let (app, provider) = start_with(settings).await;
    provider.says().userinfo = json!({ "sub": ADA, "email": "ada@example.org" });
    sign_in_as(&app, &provider, json!({ "sub": ADA, "email_verified": true })).await.assert_status(403);
    provider.says().userinfo = json!({ "sub": ADA, "email": "ada@example.org", "email_verified": true });
    sign_in_as(&app, &provider, json!({ "sub": ADA })).await.assert_status(303);
    assert!(app.user("ada@example.org").await.email_verified_at.is_some());
    let claims = json!({ "sub": "2", "email": "eve@example.org" });
    provider.says().userinfo = json!({ "sub": "2", "email_verified": true });
    sign_in_as(&app, &provider, claims).await.assert_status(403);
}

#[tokio::test]
async fn an_account_is_made_for_an_address_that_could_sign_up_here_too() {
    let (app, provider) = start_with(TestProvider::settings()).await;
    for email in [Value::Null, json!(""), json!("nonsense"), json!("ad\u{430}@example.org")] {
        let claims = json!({ "sub": ADA, "email": email });
        sign_in_as(&app, &provider, claims).await.assert_status(403);
    }
    let unverified = json!({ "sub": ADA, "email": "ada@example.org", "name": "  " });
    sign_in_as(&app, &provider, unverified).await.assert_status(303);
    let user = app.user("ada@example.org").await;
    assert_eq!((user.display_name.as_str(), user.email_verified_at), ("ada", None));
}

#[tokio::test]
async fn an_account_that_is_disabled_is_not_signed_in_to() {
    let (app, provider) = start_with(TestProvider::settings()).await;
    let claims = json!({ "sub": ADA, "email": "ada@example.org" });
    sign_in_as(&app, &provider, claims.clone()).await.assert_status(303);
    let user = app.user("ada@example.org").await;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    crate::server::accounts::administer::disable(&app.state, context, None, &user.id).await.unwrap();
    sign_in_as(&app, &provider, claims).await.assert_status(403);
}

#[tokio::test]
async fn rules_give_and_take_roles_and_groups_at_each_sign_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        add_group(&app, "Staff").await;
        let provider = TestProvider::start(&app.clock).await;
        let rules =
            "groups=writers:role=editor\ngroups=writers:group=Staff\nrealm_access.roles=boss:group=Staff";
        let settings = ProviderSettings { rules: Some(rules.to_owned()), ..TestProvider::settings() };
        provider.add_to(&app, settings).await;
        let said = |groups: Value| json!({ "sub": ADA, "email": "ada@example.org", "groups": groups });
        sign_in_as(&app, &provider, said(json!(["writers"]))).await.assert_status(303);
        assert_eq!(app.user("ada@example.org").await.roles, Roles::parse("editor").unwrap());
        assert_eq!(groups_of(&app, "ada@example.org").await, ["Staff"]);
        // A role that no rule gives is not taken.
        app.set_roles("ada@example.org", "editor admin").await;
        provider.says().userinfo = json!({ "sub": ADA });
        sign_in_as(&app, &provider, said(json!([]))).await.assert_status(303);
        assert_eq!(app.user("ada@example.org").await.roles, Roles::parse("admin").unwrap());
        assert!(groups_of(&app, "ada@example.org").await.is_empty());
        // What is not in the ID token is looked up.
        provider.says().userinfo = json!({ "sub": ADA, "realm_access": { "roles": ["boss"] } });
        sign_in_as(&app, &provider, said(json!([]))).await.assert_status(303);
        assert_eq!(groups_of(&app, "ada@example.org").await, ["Staff"]);
    }
}

#[tokio::test]
async fn a_rule_makes_administrators_only_if_that_was_allowed() {
    let app = TestApp::start().await;
    let provider = TestProvider::start(&app.clock).await;
    let rules = Some("groups=bosses:role=admin".to_owned());
    let settings = ProviderSettings { rules, ..TestProvider::settings() };
    let refused = provider.try_add_to(&app, settings.clone()).await.unwrap_err();
    assert!(format!("{refused:?}").contains("gives the role admin"), "{refused:?}");
    provider.add_to(&app, ProviderSettings { admin_by_rule: Some(true), ..settings }).await;
    let said = |groups: Value| json!({ "sub": ADA, "email": "ada@example.org", "groups": groups });
    sign_in_as(&app, &provider, said(json!(["bosses"]))).await.assert_status(303);
    assert_eq!(app.user("ada@example.org").await.roles, Roles::parse("admin").unwrap());
    // The last administrator stays one, and is signed in all the same.
    sign_in_as(&app, &provider, said(json!([]))).await.assert_status(303);
    assert_eq!(app.user("ada@example.org").await.roles, Roles::parse("admin").unwrap());
    app.sign_in_as("bob@example.org", "admin").await;
    sign_in_as(&app, &provider, said(json!([]))).await.assert_status(303);
    assert_eq!(app.user("ada@example.org").await.roles, Roles::default());
}

#[tokio::test]
async fn an_invitation_is_accepted_through_a_provider() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let provider = TestProvider::start(&app.clock).await;
        let settings = ProviderSettings { sign_up: Some("invited".to_owned()), ..TestProvider::settings() };
        provider.add_to(&app, settings).await;
        let client = ClientInfo::command_line();
        let context = ActionContext { now: app.clock.now(), client: &client };
        let email = EmailAddress::parse("ada@example.org").unwrap();
        let name = DisplayName::parse("Ada").unwrap();
        let roles = Roles::parse("editor").unwrap();
        let invited = invite::invite(&app.state, context, None, email, name, roles).await.unwrap();
        let mut browser = app.browser();
        browser.get(&invited.path).await.assert_status(303);
        let page = browser.get("/invitation").await;
        assert!(page.body.contains("name=\"invitation\""), "{}", page.body);
        // The address there is another one: the invitation counts.
        provider.says_of_person(json!({ "sub": ADA, "email": "countess@example.net" }));
        let answer = provider.go_and_sign_in(&mut browser, &[("invitation", "opened")]).await;
        come_back(&mut browser, &answer).await.assert_status(303);
        assert!(browser.get("/account").await.body.contains("ada@example.org"));
        let summary = UserSummary::from(app.user("ada@example.org").await);
        assert_eq!(summary.state, UserStatus::Active, "no longer invited");
        assert_eq!(app.user("ada@example.org").await.roles, roles);
        provider.sign_in(&mut app.browser()).await.assert_status(303);
        // It works once.
        provider.says_of_person(json!({ "sub": "another", "email": "eve@example.net" }));
        let mut browser = app.browser();
        browser.get(&invited.path).await.assert_status(303);
        let answer = provider.go_and_sign_in(&mut browser, &[("invitation", "opened")]).await;
        come_back(&mut browser, &answer).await.assert_status(403);
    }
}
