//! The authorization endpoint and the page that asks for consent.

use std::{collections::BTreeMap, time::Duration};

use axum::http::header;

use super::{html::open, refresh::until_confirmed, relying_party::*};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        client_info::{ActionContext, ClientInfo},
        oauth::{
            clients::{self, ClientSettings},
            groups,
        },
    },
    tests::test_app::{Browser, PASSWORD, TestApp},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

async fn third_party(app: &TestApp) -> RelyingParty {
    RelyingParty::register(app, ClientKind::Web, ClientSettings::default()).await
}

#[tokio::test]
async fn somebody_who_is_signed_in_goes_straight_back_to_a_trusted_app() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let answer = browser.get(&path(&client.request())).await;
    answer.assert_status(303);
    assert!(answer.location().starts_with("https://app.example.org/callback?code="), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let fields = answered(&answer);
    assert_eq!((fields["state"].as_str(), fields["iss"].as_str()), (STATE, "http://localhost:3000"));
    assert!(app.events().await.contains(&"client_authorized".to_owned()));
}

#[tokio::test]
async fn nothing_is_redirected_before_client_and_redirect_uri_are_valid() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    for change in [
        ("client_id", ""),
        ("client_id", "lkc_AAAAAAAAAAAAAAAAAAAAAA"),
        ("client_id", "latchkey"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "https://app.example.org/callback/"),
        ("redirect_uri", "https://app.example.org/callback?a=b"),
        ("redirect_uri", "https://app.example.org@evil.example/callback"),
        ("redirect_uri", "https://app.example.org/..;/callback"),
        ("redirect_uri", "https://app.example.org/callback%25@evil.example"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        // Whatever else is wrong with it.
        for error in [
            ("state", "x"),
            ("prompt", "none"),
            ("response_type", "token"),
            ("scope", "openid admin"),
            ("request", "x"),
        ] {
            let answer = browser.get(&path(&client.request_with(&[change, error]))).await;
            answer.assert_status(400);
            assert_eq!(
                (answer.header("location"), answer.header("refresh")),
                (None, None),
                "{change:?} {error:?}"
            );
        }
    }
    let twice = format!("{}&redirect_uri=https://evil.example/", path(&client.request()));
    assert_eq!(browser.get(&twice).await.assert_status(400).header("location"), None);
}

#[tokio::test]
async fn other_mistakes_are_told_to_the_client_with_its_state_and_who_answers() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    for (change, error) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_mode", "form_post"), "invalid_request"),
        (("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
        (("request_uri", "https://app.example.org/request"), "request_uri_not_supported"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", "s256"), "invalid_request"),
        (("scope", "admin"), "invalid_scope"),
        (("resource", "https://api.example.org"), "invalid_target"),
        (("prompt", "none login"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
    ] {
        let answer = app.browser().get(&path(&client.request_with(&[change]))).await;
        answer.assert_status(303);
        assert!(answer.location().starts_with(CALLBACK), "{change:?} {answer:?}");
        let fields = answered(&answer);
        assert_eq!(fields["error"], error, "{change:?}");
        assert_eq!((fields["state"].as_str(), fields["iss"].as_str()), (STATE, "http://localhost:3000"));
        assert!(!fields.contains_key("code"));
    }
}

#[tokio::test]
async fn parameters_that_are_unknown_or_only_wishes_are_no_error() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    for wish in [
        ("extra", "foobar"),
        ("acr_values", "1 2"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("display", "popup"),
        ("login_hint", "somebody@example.org"),
        ("nonce", ""),
        ("state", ""),
        ("max_age", "10000"),
        ("scope", "openid profile email address phone"),
    ] {
        let fields = answered(&browser.get(&path(&client.request_with(&[wish]))).await);
        assert!(fields.contains_key("code"), "{wish:?} {fields:?}");
    }
}

#[tokio::test]
async fn a_native_app_listens_at_any_port_of_the_loopback_address_and_nowhere_else() {
    let app = TestApp::start().await;
    let settings = ClientSettings {
        redirect_uris: Some(vec!["http://127.0.0.1/cb?a=b".to_owned(), "http://localhost:1/cb".to_owned()]),
        trusted: Some(true),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(&app, ClientKind::Native, settings).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let answer =
        browser.get(&path(&client.request_with(&[("redirect_uri", "http://127.0.0.1:49152/cb?a=b")]))).await;
    assert!(answer.location().starts_with("http://127.0.0.1:49152/cb?a=b&code="), "{answer:?}");
    for other in [
        "http://127.0.0.1:49152/cb",
        "http://127.0.0.1:49152/cb?a=c",
        "http://localhost:2/cb",
        "http://[::1]:1/cb?a=b",
    ] {
        browser.get(&path(&client.request_with(&[("redirect_uri", other)]))).await.assert_status(400);
    }
}

#[tokio::test]
async fn a_long_request_survives_signing_up_and_consent_without_javascript() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let state = "s".repeat(4096);
    let mut browser = app.browser();
    let answer = browser.get(&path(&client.request_with(&[("state", &state)]))).await;
    let page = answer.assert_status(303).location().to_owned();
    let login = browser.get(&page).await;
    let login = login.assert_status(303).location().to_owned();
    assert!(login.starts_with("/login?next=/consent%3Frequest%3D"), "{login}");
    browser.get(&login).await.assert_status(200);
    let fields = [
        ("email", "ada@example.org"),
        ("display_name", "Ada"),
        ("password", PASSWORD),
        ("next", page.as_str()),
    ];
    let answer = browser.submit("/register", "/api/auth/register", &fields).await;
    assert_eq!(answer.assert_status(303).location(), page);
    let asked = browser.get(&page).await;
    assert!(asked.assert_status(200).body.contains("Notes"), "{}", asked.body);
    for text in
        ["ada@example.org", "See your display name", "app.example.org", "Allow", "Cancel", "take this back"]
    {
        assert!(asked.body.contains(text), "{text}");
    }
    let answer = browser.submit(&page, &page, &[("decision", "allow")]).await;
    // The chain of redirects that the form has begun ends here.
    answer.assert_status(200);
    assert!(answer.body.contains("https://app.example.org/callback?code="), "{answer:?}");
    let fields = answered(&answer);
    assert_eq!(fields["state"], state);
    client.redeem(&app, &fields["code"]).await.assert_status(200);
}

#[tokio::test]
async fn consent_is_asked_once_and_again_for_more() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    assert!(browser.get(&path(&client.request())).await.location().starts_with("/consent"));
    client.authorize(&mut browser, &client.request()).await;
    let again = browser.get(&path(&client.request())).await;
    assert!(again.location().starts_with(CALLBACK), "{again:?}");
    let more = client.request_with(&[("scope", "openid profile email")]);
    assert!(browser.get(&path(&more)).await.location().starts_with("/consent"));
    // Nor does another client profit from it: a live session is no consent.
    let other = third_party(&app).await;
    assert!(browser.get(&path(&other.request())).await.location().starts_with("/consent"));
}

#[tokio::test]
async fn cancel_is_told_to_the_client_and_gives_nothing() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let page = browser.get(&path(&client.request())).await.location().to_owned();
    browser.get(&page).await.assert_status(200);
    let fields = answered(&browser.submit(&page, &page, &[("decision", "cancel")]).await);
    assert_eq!((fields["error"].as_str(), fields["state"].as_str()), ("access_denied", STATE));
    // It is over.
    browser.submit(&page, &page, &[("decision", "allow")]).await.assert_status(400);
    assert!(browser.get(&path(&client.request())).await.location().starts_with("/consent"));
}

#[tokio::test]
async fn a_decision_takes_nothing_from_the_form_but_the_decision() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let page = browser.get(&path(&client.request())).await.location().to_owned();
    browser.get(&page).await.assert_status(200);
    let smuggled = [
        ("decision", "allow"),
        ("redirect_uri", "https://evil.example/"),
        ("client_id", "lkc_AAAAAAAAAAAAAAAAAAAAAA"),
        ("scope", "openid email"),
        ("response_type", "token"),
    ];
    let answer = browser.submit(&page, &page, &smuggled).await;
    assert!(answer.body.contains("https://app.example.org/callback?code="), "{answer:?}");
    let tokens = client.redeem(&app, &answered(&answer)["code"]).await.json();
    assert_eq!(tokens["scope"], "openid profile");
}

#[tokio::test]
async fn nobody_answers_a_request_that_was_begun_in_another_browser() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut attacker = app.sign_up("mallory@example.org").await;
    let page = attacker.get(&path(&client.request())).await.location().to_owned();
    let mut victim = app.sign_up("ada@example.org").await;
    // With a request of her own under way, and without one.
    for own in [false, true] {
        if own {
            victim.get(&path(&client.request())).await.assert_status(303);
        }
        victim.get(&page).await.assert_status(400);
        victim.submit(&page, &page, &[("decision", "allow")]).await.assert_status(400);
    }
}

#[tokio::test]
async fn whoever_is_asked_in_the_name_of_somebody_else_signs_out_and_in_and_the_request_goes_on() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    app.sign_up("bob@example.org").await;
    let mut browser = app.sign_up("ada@example.org").await;
    let page = browser.get(&path(&client.request())).await.location().to_owned();
    assert!(open(&mut browser, &page).await.main().text().contains("You are signed in as ada@example.org."));
    let login = browser.submit(&page, &page, &[("decision", "another_account")]).await;
    let login = login.assert_status(303).location().to_owned();
    assert_eq!(browser.get("/dashboard").await.location(), "/login?next=/dashboard", "she is signed out");
    let sign_in = open(&mut browser, &login).await;
    assert!(sign_in.main().text().contains("You signed out."));
    let next = sign_in.value("next");
    let fields = [("email", "bob@example.org"), ("password", PASSWORD), ("next", next.as_str())];
    let answer = browser.submit(&login, "/api/auth/login", &fields).await;
    assert_eq!(answer.assert_status(303).location(), page);
    assert!(open(&mut browser, &page).await.main().text().contains("You are signed in as bob@example.org."));
    let code = answered(&browser.submit(&page, &page, &[("decision", "allow")]).await)["code"].clone();
    let tokens = client.redeem(&app, &code).await.assert_status(200).json();
    let bob = app.user("bob@example.org").await.id.to_string();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["sub"], bob);
}

#[tokio::test]
async fn whom_an_app_expects_is_filled_in_at_sign_in_and_anybody_may_sign_in() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    app.sign_up("bob@example.org").await;
    let sign_in_page = async |browser: &mut Browser, hint: &str| {
        let page = browser.get(&path(&client.request_with(&[("login_hint", hint)]))).await;
        browser.get(page.location()).await.location().to_owned()
    };
    let mut browser = app.browser();
    let login = sign_in_page(&mut browser, "ada@example.org").await;
    assert!(!login.contains("ada"), "no address of a person stands in an address of a page: {login}");
    let page = open(&mut browser, &login).await;
    assert_eq!(page.value("email"), "ada@example.org");
    assert_eq!(open(&mut app.browser(), &login).await.value("email"), "", "another browser");
    assert_eq!(open(&mut browser, "/login?next=/consent").await.value("email"), "");
    // What was typed counts more.
    let next = page.value("next");
    let wrong = [("email", "bob@example.org"), ("password", "not this one"), ("next", next.as_str())];
    browser.submit(&login, "/api/auth/login", &wrong).await.assert_status(303);
    assert_eq!(open(&mut browser, &login).await.value("email"), "bob@example.org");
    let right = [("email", "bob@example.org"), ("password", PASSWORD), ("next", next.as_str())];
    let asked = browser.submit(&login, "/api/auth/login", &right).await.location().to_owned();
    assert!(open(&mut browser, &asked).await.main().text().contains("You are signed in as bob@example.org."));
    for hint in ["ada", "\"><script>", "ada@example.org\u{202e}"] {
        let mut browser = app.browser();
        let login = sign_in_page(&mut browser, hint).await;
        assert_eq!(open(&mut browser, &login).await.value("email"), "", "{hint}");
    }
}

#[tokio::test]
async fn the_person_who_was_asked_decides_and_no_other() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let page = browser.get(&path(&client.request())).await.location().to_owned();
    assert!(browser.get(&page).await.body.contains("ada@example.org"));
    // In another tab somebody else signs in.
    browser.sign_up("bob@example.org").await.assert_status(200);
    let answer = browser.submit(&page, &page, &[("decision", "allow")]).await;
    assert_eq!(answer.header("refresh"), None, "{answer:?}");
    assert!(answer.assert_status(200).body.contains("bob@example.org"), "he is asked himself");
    assert!(answered(&browser.submit(&page, &page, &[("decision", "allow")]).await).contains_key("code"));
}

#[tokio::test]
async fn a_page_of_another_site_cannot_decide() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let page = browser.get(&path(&client.request())).await.location().to_owned();
    browser.get(&page).await.assert_status(200);
    let mut forged = Browser::form(&page, "decision=allow");
    forged.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    browser.send(forged).await.assert_status(403);
}

#[tokio::test]
async fn silence_is_kept_or_refused_with_the_reason() {
    let app = TestApp::start().await;
    let client = third_party(&app).await;
    let silent = client.request_with(&[("prompt", "none")]);
    assert_eq!(answered(&app.browser().get(&path(&silent)).await)["error"], "login_required");
    let mut browser = app.sign_up("ada@example.org").await;
    assert_eq!(answered(&browser.get(&path(&silent)).await)["error"], "consent_required");
    client.authorize(&mut browser, &client.request()).await;
    assert!(answered(&browser.get(&path(&silent)).await).contains_key("code"));
    app.advance(2 * SECOND);
    let old = client.request_with(&[("prompt", "none"), ("max_age", "1")]);
    assert_eq!(answered(&browser.get(&path(&old)).await)["error"], "login_required");
}

#[tokio::test]
async fn an_app_can_ask_for_the_password_again_and_no_parameter_gets_around_it() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.advance(SECOND);
    for changes in [("prompt", "login"), ("max_age", "0")] {
        let answer = browser.get(&path(&client.request_with(&[changes]))).await;
        let page = answer.assert_status(303).location().to_owned();
        for address in [page.clone(), format!("{page}&prompt=none"), format!("{page}&max_age=10000")] {
            let asked = browser.get(&address).await;
            assert!(asked.assert_status(200).body.contains("consent-password"), "{changes:?}");
        }
        // A click is no password.
        let answer = browser.submit(&page, &page, &[("decision", "allow")]).await;
        assert_eq!(answer.header("refresh"), None, "{answer:?}");
        let wrong = browser.submit(&page, &page, &[("password", "wrong")]).await;
        assert!(wrong.body.contains("Incorrect password"), "{}", wrong.body);
        app.advance(SECOND);
        let right = browser.submit(&page, &page, &[("password", PASSWORD)]).await;
        let tokens = client.redeem(&app, &answered(&right)["code"]).await.assert_status(200).json();
        let id_token = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(id_token["auth_time"], app.clock.now().seconds(), "{changes:?}");
        // It is the same session, and the browser goes on with it.
        browser.refresh().await.assert_status(200);
    }
}

#[tokio::test]
async fn a_request_can_come_by_a_form_of_another_site() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let request = path(&client.request());
    let mut form = Browser::form("/oauth/authorize", request.split_once('?').unwrap().1.to_owned());
    form.headers_mut().insert(header::ORIGIN, "https://app.example.org".parse().unwrap());
    form.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    // A browser sends no cookie with it.
    let answer = app.browser().send(form).await;
    let begun = answer.assert_status(303).location().to_owned();
    assert!(begun.len() < 200 && begun.starts_with("/oauth/authorize?"), "{begun}");
    let page = browser.get(&begun).await.assert_status(303).location().to_owned();
    assert!(answered(&browser.get(&page).await).contains_key("code"));
    // Once, and for the client that it was stored for.
    browser.get(&begun).await.assert_status(400);
}

#[tokio::test]
async fn only_the_groups_of_an_app_may_use_it() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let client_info = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client_info };
    let staff = groups::add(&app.state, context, None, "staff").await.unwrap().id;
    let settings = ClientSettings {
        groups: Some(vec!["staff".to_owned()]),
        trusted: Some(true),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    assert_eq!(answered(&browser.get(&path(&client.request())).await)["error"], "access_denied");
    let ada = app.user("ada@example.org").await.id;
    groups::add_member(&app.state, context, None, &staff, &ada).await.unwrap();
    let tokens = client.sign_in(&app, &mut browser).await;
    assert!(is_accepted(&app, tokens["access_token"].as_str().unwrap()).await);
    // Whoever is taken out is out at once.
    groups::remove_member(&app.state, context, None, &staff, &ada).await.unwrap();
    assert!(!is_accepted(&app, tokens["access_token"].as_str().unwrap()).await);
    client
        .refresh(&app, tokens["refresh_token"].as_str().unwrap())
        .await
        .assert_refused(400, "invalid_grant");
    assert_eq!(answered(&browser.get(&path(&client.request())).await)["error"], "access_denied");
    // A group that an app is for is not removed: the app would be for everybody.
    assert!(groups::remove(&app.state, context, None, &staff).await.is_err());
}

#[tokio::test]
async fn a_disabled_app_signs_nobody_in() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    let tokens = client.sign_in(&app, &mut browser).await;
    let client_info = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client_info };
    clients::set_enabled(&app.state, context, None, &client.id, false).await.unwrap();
    browser.get(&path(&client.request())).await.assert_status(400);
    assert!(!is_accepted(&app, tokens["access_token"].as_str().unwrap()).await);
    client
        .refresh(&app, tokens["refresh_token"].as_str().unwrap())
        .await
        .assert_refused(401, "invalid_client");
    // What it had does not come back.
    clients::set_enabled(&app.state, context, None, &client.id, true).await.unwrap();
    client
        .refresh(&app, tokens["refresh_token"].as_str().unwrap())
        .await
        .assert_refused(400, "invalid_grant");
    client.sign_in(&app, &mut browser).await;
}

#[tokio::test]
async fn a_client_is_registered_with_addresses_that_are_safe_and_no_resource_of_latchkey() {
    let app = TestApp::start().await;
    let client_info = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client_info };
    let valid = ClientSettings {
        name: Some("Notes".to_owned()),
        redirect_uris: Some(vec![CALLBACK.to_owned()]),
        ..ClientSettings::default()
    };
    let text = |text: &str| Some(vec![text.to_owned()]);
    let refused = [
        (ClientKind::Web, ClientSettings { redirect_uris: None, ..valid.clone() }),
        (ClientKind::Web, ClientSettings { redirect_uris: text("javascript:alert(1)"), ..valid.clone() }),
        (ClientKind::Web, ClientSettings { redirect_uris: text("https://*.example.org/"), ..valid.clone() }),
        (
            ClientKind::Web,
            ClientSettings { redirect_uris: text("https://a.example/?state=x"), ..valid.clone() },
        ),
        (ClientKind::Web, ClientSettings { resources: text("http://localhost:3000"), ..valid.clone() }),
        (
            ClientKind::Web,
            ClientSettings { resources: text("http://localhost:3000/oauth/userinfo"), ..valid.clone() },
        ),
        (
            ClientKind::Web,
            ClientSettings { backchannel_logout_uri: Some("org.app:/x".to_owned()), ..valid.clone() },
        ),
        (ClientKind::Web, ClientSettings { auth_method: Some("none".to_owned()), ..valid.clone() }),
        (
            ClientKind::Browser,
            ClientSettings { auth_method: Some("client_secret".to_owned()), ..valid.clone() },
        ),
        (ClientKind::Service, valid.clone()),
    ];
    for (kind, settings) in refused {
        assert!(
            clients::add(&app.state, context, None, kind, &settings).await.is_err(),
            "{kind} {settings:?}"
        );
    }
    let (details, secret) = clients::add(&app.state, context, None, ClientKind::Web, &valid).await.unwrap();
    assert!(secret.unwrap().starts_with("lks_"));
    assert!(!details.client.trusted);
}

/// What an app is answered that wants nobody to be asked.
async fn ask_silently(client: &RelyingParty, browser: &mut Browser) -> BTreeMap<String, String> {
    answered(&browser.get(&path(&client.request_with(&[("prompt", "none")]))).await)
}

#[tokio::test]
async fn a_forged_cookie_at_the_request_of_an_app_keeps_nobody_from_writing() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    assert!(ask_silently(&client, &mut browser).await.contains_key("code"));
    let mut forger = browser.forger();
    // While somebody writes, who is refused does not wait.
    let writer = app.state.store.begin().await.unwrap();
    assert_eq!(ask_silently(&client, &mut forger).await["error"], "login_required");
    drop(writer);
}

#[tokio::test]
async fn a_copied_cookie_at_the_request_of_an_app_ends_the_session_once_its_owner_has_moved_on() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut owner = app.sign_up("ada@example.org").await;
    let mut thief = owner.thief();
    app.advance(HOUR);
    owner.refresh().await.assert_status(200);
    // An app's request is use, as a page load is: the newest token has arrived.
    assert!(ask_silently(&client, &mut owner).await.contains_key("code"));
    until_confirmed(&app, &owner).await;
    app.advance(HOUR);
    assert_eq!(ask_silently(&client, &mut thief).await["error"], "login_required");
    owner.refresh().await.assert_error(401, "session_reused");
}

#[tokio::test]
async fn whoever_signs_in_to_apps_too_often_is_told_so() {
    let app = TestApp::start().await;
    let client = RelyingParty::trusted(&app).await;
    let mut browser = app.sign_up("ada@example.org").await;
    for _ in 0..1000 {
        let answer = browser.get(&path(&client.request())).await;
        if answer.status == 429 {
            return;
        }
        answer.assert_status(303);
    }
    panic!("nobody ever was told");
}
