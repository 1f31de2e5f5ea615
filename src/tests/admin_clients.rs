//! Clients as administrators manage them, through HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    html::open,
    relying_party::{CALLBACK, RelyingParty, answered, claims, is_accepted, path},
};
use crate::{
    model::oauth::{client_id::ClientId, client_kind::ClientKind},
    server::oauth::clients::ClientSettings,
    tests::test_app::{Answer, Backend, Browser, TestApp},
};

const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];
/// The public half of a key (RFC 7515 appendix A.3).
const KEYS: &str = r#"{"keys":[{"crv":"P-256","kid":"one","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
const DAY: Duration = Duration::from_secs(86_400);

async fn start(backend: Backend) -> (TestApp, Browser) {
    let app = TestApp::with(backend, &[]).await;
    let admin = app.sign_in_as("admin@example.org", "admin").await;
    (app, admin)
}

/// Registers a web app that needs no consent, as an administrator does it.
async fn add_wiki(admin: &mut Browser) -> RelyingParty {
    let fields = [("kind", "web"), ("name", "Wiki"), ("redirect_uri", CALLBACK), ("trusted", "true")];
    let added = admin.post("/api/admin/clients/add", &fields).await.assert_status(200).json();
    RelyingParty {
        id: ClientId::parse(added["client_id"].as_str().unwrap()).unwrap(),
        secret: Some(added["client_secret"].as_str().unwrap().to_owned()),
    }
}

async fn get(admin: &mut Browser, client: &RelyingParty) -> Value {
    let fields = [("client_id", client.id.as_str())];
    admin.post("/api/admin/clients/get", &fields).await.assert_status(200).json()
}

/// The fields of a client's settings as its page has them, with one changed.
fn settings_with(registered: &Value, (field, value): (&'static str, &str)) -> Vec<(&'static str, String)> {
    let text = |name: &str| registered[name].as_str().unwrap_or_default().to_owned();
    let lines = |name: &str| {
        let lines = registered[name].as_array().unwrap().iter();
        lines.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\r\n")
    };
    let fields = [
        ("client_id", text("client_id")),
        ("name", text("name")),
        ("developer", text("developer")),
        ("redirect_uri", lines("redirect_uris")),
        ("post_logout_uri", lines("post_logout_uris")),
        ("backchannel_logout_uri", text("backchannel_logout_uri")),
        ("scope", text("scope")),
        ("resource", lines("resources")),
        ("group", lines("groups")),
        ("trusted", registered["trusted"].to_string()),
        ("auth_method", text("auth_method")),
        ("jwks", text("jwks")),
        ("require_pushed", registered["require_pushed"].to_string()),
        ("id_token_alg", text("id_token_alg")),
        ("claims_in_id_token", registered["claims_in_id_token"].to_string()),
        ("access_ttl", text("access_ttl")),
        ("refresh_idle_ttl", text("refresh_idle_ttl")),
        ("refresh_absolute_ttl", text("refresh_absolute_ttl")),
    ];
    let set = |(name, was)| if name == field { (name, value.to_owned()) } else { (name, was) };
    fields.map(set).into()
}

async fn update(admin: &mut Browser, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    admin.post("/api/admin/clients/update", &fields).await
}

async fn users(admin: &mut Browser, client: &RelyingParty) -> Vec<Value> {
    let fields = [("client_id", client.id.as_str())];
    let page = admin.post("/api/admin/clients/users", &fields).await.assert_status(200).json();
    page["items"].as_array().unwrap().clone()
}

/// Signs out everything that a client has, by one of the functions.
async fn act(admin: &mut Browser, function: &str, client: &RelyingParty) {
    let fields = [("client_id", client.id.as_str())];
    admin.post(&format!("/api/admin/clients/{function}"), &fields).await.assert_status(200);
}

/// The newest event, and who it says has done that to which client.
async fn newest_event(admin: &mut Browser) -> (String, String, String) {
    let events = admin.post("/api/admin/audit/list", &[("limit", "1")]).await.json();
    let event = &events["items"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&event["event"]), text(&event["actor"]["email"]), text(&event["detail"]["name"]))
}

#[tokio::test]
async fn a_client_that_was_added_signs_people_in_with_the_secret_that_was_shown_once() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        admin.post("/api/admin/groups/add", &[("group", "staff")]).await.assert_status(200);
        let fields = [
            ("kind", "web"),
            ("name", " Wiki "),
            ("developer", "Example Ltd"),
            (
                "redirect_uri",
                "https://wiki.example.org/callback\r\n\r\n https://app.example.org/callback \r\n",
            ),
            ("post_logout_uri", "https://wiki.example.org/"),
            ("backchannel_logout_uri", "https://wiki.example.org/logout"),
            ("scope", "openid groups"),
            ("resource", "https://api.example.org"),
            ("group", "staff"),
            ("trusted", "true"),
            ("auth_method", "client_secret_post"),
            ("jwks", ""),
            ("require_pushed", "false"),
            ("id_token_alg", "ES256"),
            ("claims_in_id_token", "false"),
            ("access_ttl", "90s"),
            ("refresh_idle_ttl", "1h"),
            ("refresh_absolute_ttl", "400d"),
        ];
        let added = admin.post("/api/admin/clients/add", &fields).await.assert_status(200).json();
        assert_eq!(newest_event(&mut admin).await, event("client_added"));
        let client = RelyingParty {
            id: ClientId::parse(added["client_id"].as_str().unwrap()).unwrap(),
            secret: Some(added["client_secret"].as_str().unwrap().to_owned()),
        };
        let report = get(&mut admin, &client).await;
        assert_eq!(
            report["client"],
            json!({
                "client_id": client.id, "name": "Wiki", "developer": "Example Ltd", "kind": "web",
                "auth_method": "client_secret_post", "jwks": null,
                "redirect_uris": ["https://app.example.org/callback", "https://wiki.example.org/callback"],
                "post_logout_uris": ["https://wiki.example.org/"],
                "backchannel_logout_uri": "https://wiki.example.org/logout",
                "scope": "groups openid", "resources": ["https://api.example.org"], "groups": ["staff"],
                "trusted": true, "id_token_alg": "ES256", "claims_in_id_token": false, "require_pushed": false,
                "access_ttl": "90s", "refresh_idle_ttl": "1h", "refresh_absolute_ttl": "400d",
                "enabled": true, "created_at": app.clock.now().to_utc(),
            })
        );
        assert!(!report.to_string().contains(client.secret.as_deref().unwrap()), "shown once");
        let listed = admin.post("/api/admin/clients/list", &[]).await.json();
        assert_eq!(
            listed["items"],
            json!([{
                "client_id": client.id, "name": "Wiki", "kind": "web", "trusted": true, "enabled": true,
                "created_at": app.clock.now().to_utc(),
            }])
        );
        // It is for the group alone.
        let mut ada = app.sign_up("ada@example.org").await;
        let refused = ada.get(&path(&client.request_with(&[("scope", "openid")]))).await;
        assert!(refused.location().contains("error=access_denied"), "{refused:?}");
    }
}

fn event(kind: &str) -> (String, String, String) {
    (kind.to_owned(), "admin@example.org".to_owned(), "Wiki".to_owned())
}

#[tokio::test]
async fn what_is_wrong_with_a_client_is_said_of_the_field() {
    let (_app, mut admin) = start(Backend::Sqlite).await;
    let wiki = add_wiki(&mut admin).await;
    let registered = get(&mut admin, &wiki).await["client"].clone();
    for (field, value) in [
        ("name", ""),
        ("kind", "website"),
        ("developer", "\u{202E}evil"),
        ("redirect_uri", "https://*.example.org/"),
        ("redirect_uri", ""),
        ("post_logout_uri", "javascript:alert(1)"),
        ("backchannel_logout_uri", "org.example.app:/logout"),
        ("backchannel_logout_uri", "https.example.app:/logout"),
        ("scope", "\u{e4}"),
        ("resource", "http://localhost:3000"),
        ("group", "nobody"),
        ("trusted", "perhaps"),
        ("auth_method", "none"),
        ("auth_method", "private_key"),
        ("jwks", "{}"),
        ("require_pushed", "maybe"),
        ("id_token_alg", "none"),
        ("claims_in_id_token", "some"),
        ("access_ttl", "2h"),
        ("refresh_idle_ttl", "1s"),
        ("refresh_idle_ttl", "200d"),
        ("refresh_absolute_ttl", "never"),
    ] {
        let mut fields = vec![("kind", "web"), ("name", "Wiki"), ("redirect_uri", CALLBACK)];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = admin.post("/api/admin/clients/add", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), [field]);
        if field != "kind" {
            let answer = update(&mut admin, &settings_with(&registered, (field, value))).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), [field]);
        }
    }
    assert_eq!(get(&mut admin, &wiki).await["client"], registered);
    let listed = admin.post("/api/admin/clients/list", &[]).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_sets_what_was_changed_and_what_was_emptied_is_none() {
    for backend in BACKENDS {
        let (_app, mut admin) = start(backend).await;
        let wiki = add_wiki(&mut admin).await;
        let mut expected = get(&mut admin, &wiki).await["client"].clone();
        for (field, value, shown, is) in [
            ("name", "Wiki", "name", json!("Wiki")),
            ("developer", "Example Ltd", "developer", json!("Example Ltd")),
            ("developer", "", "developer", Value::Null),
            ("post_logout_uri", CALLBACK, "post_logout_uris", json!([CALLBACK])),
            ("post_logout_uri", "", "post_logout_uris", json!([])),
            ("scope", "", "scope", json!("")),
            ("trusted", "false", "trusted", json!(false)),
            ("auth_method", "client_secret_basic", "auth_method", json!("client_secret_basic")),
            ("auth_method", "", "auth_method", json!("client_secret")),
            ("jwks", KEYS, "jwks", json!(KEYS)),
            ("auth_method", "private_key_jwt", "auth_method", json!("private_key_jwt")),
            ("auth_method", "client_secret", "auth_method", json!("client_secret")),
            ("jwks", " ", "jwks", Value::Null),
            ("require_pushed", "true", "require_pushed", json!(true)),
            ("claims_in_id_token", "false", "claims_in_id_token", json!(false)),
            ("access_ttl", " 120s", "access_ttl", json!("2m")),
            ("access_ttl", "", "access_ttl", Value::Null),
            ("refresh_idle_ttl", "30d", "refresh_idle_ttl", json!("30d")),
            ("refresh_absolute_ttl", "365d", "refresh_absolute_ttl", json!("365d")),
        ] {
            let fields = settings_with(&expected, (field, value));
            let changed = update(&mut admin, &fields).await.assert_status(200).json();
            expected[shown] = is;
            assert_eq!(changed, expected, "{backend:?}");
            assert_eq!(get(&mut admin, &wiki).await["client"], expected);
            assert_eq!(newest_event(&mut admin).await, event("client_changed"));
        }
        let mut fields = settings_with(&expected, ("trusted", "true"));
        fields.retain(|(name, _)| *name != "group");
        let answer = update(&mut admin, &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), ["group"], "left out is not emptied");
    }
}

#[tokio::test]
async fn what_is_set_of_proof_and_tokens_applies_at_the_next_request() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let wiki = add_wiki(&mut admin).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let tokens = wiki.sign_in(&app, &mut ada).await;
        let token = tokens["refresh_token"].as_str().unwrap();
        assert_eq!((&tokens["expires_in"], claim_of(&tokens, "name")), (&json!(300), json!("Somebody")));
        let registered = get(&mut admin, &wiki).await["client"].clone();
        let set = async |admin: &mut Browser, field, value| {
            let fields = settings_with(&registered, (field, value));
            update(admin, &fields).await.assert_status(200);
        };

        set(&mut admin, "access_ttl", "2m").await;
        let tokens = wiki.refresh(&app, token).await.assert_status(200).json();
        assert_eq!(tokens["expires_in"], 120, "{backend:?}");
        set(&mut admin, "claims_in_id_token", "false").await;
        let tokens = wiki.refresh(&app, token).await.assert_status(200).json();
        assert_eq!((&tokens["expires_in"], claim_of(&tokens, "name")), (&json!(300), Value::Null));
        set(&mut admin, "auth_method", "client_secret_basic").await;
        wiki.refresh(&app, token).await.assert_status(401);
        set(&mut admin, "require_pushed", "true").await;
        wiki.refresh(&app, token).await.assert_status(200);
        let refused = answered(&ada.get(&path(&wiki.request())).await);
        assert_eq!(refused["error"], "invalid_request");
        set(&mut admin, "refresh_idle_ttl", "1m").await;
        wiki.refresh(&app, token).await.assert_status(200);
        app.advance(Duration::from_secs(60));
        wiki.refresh(&app, token).await.assert_status(400);
    }
}

/// A claim of the ID token.
fn claim_of(tokens: &Value, name: &str) -> Value {
    claims(tokens["id_token"].as_str().unwrap())[name].clone()
}

#[tokio::test]
async fn a_client_that_signs_is_taken_only_with_its_public_keys_and_a_service_too() {
    let (_app, mut admin) = start(Backend::Sqlite).await;
    let signs = [("kind", "service"), ("name", "Backup"), ("auth_method", "private_key_jwt")];
    let answer = admin.post("/api/admin/clients/add", &signs).await;
    answer.assert_error(422, "invalid_input");
    assert_eq!(answer.fields(), ["jwks"]);
    let private = KEYS.replace(r#""kty""#, r#""d":"AAAA","kty""#);
    let answer = admin.post("/api/admin/clients/add", &[&signs[..], &[("jwks", &private)]].concat()).await;
    answer.assert_error(422, "invalid_input");
    assert!(answer.body.contains("This has a private key."), "{answer:?}");
    let fields = [&signs[..], &[("jwks", KEYS)]].concat();
    let added = admin.post("/api/admin/clients/add", &fields).await.assert_status(200).json();
    assert_eq!(added["client_secret"], Value::Null);
}

#[tokio::test]
async fn two_secrets_are_good_for_a_day_after_a_rotation_and_one_after_a_leak() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let mut wiki = add_wiki(&mut admin).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let tokens = wiki.sign_in(&app, &mut ada).await;
        let token = tokens["refresh_token"].as_str().unwrap();
        let first = wiki.secret.clone();
        let rotate =
            |at_once: &'static str| [("client_id", wiki.id.to_string()), ("at_once", at_once.to_owned())];
        let secret = async |admin: &mut Browser, fields: [(&str, String); 2]| {
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            let answer =
                admin.post("/api/admin/clients/rotate_secret", &fields).await.assert_status(200).json();
            Some(answer["client_secret"].as_str().unwrap().to_owned())
        };
        let (gently, at_once) = (rotate("false"), rotate("true"));
        let second = secret(&mut admin, gently).await;
        assert_eq!(newest_event(&mut admin).await, event("client_secret_rotated"));
        let until = (app.clock.now() + DAY).to_utc();
        let lifetimes = get(&mut admin, &wiki).await["secrets"].clone();
        assert_eq!(lifetimes.as_array().unwrap().len(), 2);
        let ends: Vec<_> = lifetimes.as_array().unwrap().iter().map(|secret| &secret["expires_at"]).collect();
        assert!(ends.contains(&&Value::Null) && ends.contains(&&json!(until)), "{lifetimes}");
        for good in [&first, &second] {
            wiki.secret.clone_from(good);
            wiki.refresh(&app, token).await.assert_status(200);
        }
        let third = secret(&mut admin, at_once).await;
        for (secret, status) in [(&first, 401), (&second, 401), (&third, 200)] {
            wiki.secret.clone_from(secret);
            wiki.refresh(&app, token).await.assert_status(status);
        }
        assert_eq!(get(&mut admin, &wiki).await["secrets"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_client_that_keeps_no_secret_is_given_none() {
    let (_app, mut admin) = start(Backend::Sqlite).await;
    let fields = [("kind", "browser"), ("name", "Board"), ("redirect_uri", CALLBACK)];
    let added = admin.post("/api/admin/clients/add", &fields).await.assert_status(200).json();
    assert_eq!(added["client_secret"], Value::Null);
    let fields = [("client_id", added["client_id"].as_str().unwrap())];
    let answer = admin.post("/api/admin/clients/rotate_secret", &fields).await;
    answer.assert_error(422, "invalid_input");
}

#[tokio::test]
async fn a_client_that_is_disabled_or_removed_loses_everything_at_once() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let wiki = add_wiki(&mut admin).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let tokens = wiki.sign_in(&app, &mut ada).await;
        let token = tokens["access_token"].as_str().unwrap();
        assert!(is_accepted(&app, token).await);
        act(&mut admin, "disable", &wiki).await;
        assert_eq!(newest_event(&mut admin).await, event("client_disabled"));
        assert!(!is_accepted(&app, token).await, "{backend:?}");
        ada.get(&path(&wiki.request())).await.assert_status(400);
        assert_eq!(get(&mut admin, &wiki).await["client"]["enabled"], false);

        act(&mut admin, "enable", &wiki).await;
        assert_eq!(newest_event(&mut admin).await, event("client_enabled"));
        let token = wiki.sign_in(&app, &mut ada).await["access_token"].as_str().unwrap().to_owned();
        act(&mut admin, "remove", &wiki).await;
        assert_eq!(newest_event(&mut admin).await, event("client_removed"));
        assert!(!is_accepted(&app, &token).await, "{backend:?}");
        let fields = [("client_id", wiki.id.as_str())];
        admin.post("/api/admin/clients/get", &fields).await.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn who_uses_a_client_is_listed_by_address_and_loses_it_when_that_is_taken_back() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let wiki = add_wiki(&mut admin).await;
        let asks = RelyingParty::register(&app, ClientKind::Web, ClientSettings::default()).await;
        assert!(users(&mut admin, &wiki).await.is_empty());
        let mut grace = app.sign_up("grace@example.org").await;
        let mut ada = app.sign_up("ada@example.org").await;
        let since = app.clock.now().to_utc();
        let tokens = [wiki.sign_in(&app, &mut grace).await, wiki.sign_in(&app, &mut ada).await];
        asks.sign_in(&app, &mut ada).await;
        let shown = users(&mut admin, &wiki).await;
        let emails: Vec<_> = shown.iter().map(|user| user["email"].as_str().unwrap()).collect();
        assert_eq!(emails, ["ada@example.org", "grace@example.org"]);
        assert_eq!(
            shown[0],
            json!({
                "user_id": app.user("ada@example.org").await.id, "email": "ada@example.org", "scope": null,
                "since": since, "last_used_at": since, "sessions": 1,
            })
        );
        assert_eq!(users(&mut admin, &asks).await[0]["scope"], "openid profile");
        // A page at a time.
        let mut fields = vec![("client_id", wiki.id.as_str()), ("limit", "1")];
        let first = admin.post("/api/admin/clients/users", &fields).await.json();
        let cursor = first["next_cursor"].as_str().unwrap().to_owned();
        fields.push(("cursor", &cursor));
        let second = admin.post("/api/admin/clients/users", &fields).await.json();
        assert_eq!(
            (&second["items"][0]["email"], &second["next_cursor"]),
            (&json!("grace@example.org"), &Value::Null)
        );

        let id = app.user("ada@example.org").await.id.to_string();
        let fields = [("client_id", wiki.id.as_str()), ("user_id", &id)];
        admin.post("/api/admin/clients/revoke_user", &fields).await.assert_status(200);
        let events = admin.post("/api/admin/audit/list", &[("event", "consent_revoked")]).await.json();
        assert_eq!(events["items"][0]["actor"]["email"], "admin@example.org");
        assert_eq!(events["items"][0]["subject"]["email"], "ada@example.org");
        assert!(is_accepted(&app, tokens[0]["access_token"].as_str().unwrap()).await);
        assert!(!is_accepted(&app, tokens[1]["access_token"].as_str().unwrap()).await, "{backend:?}");
        assert_eq!(users(&mut admin, &wiki).await.len(), 1);
        admin.post("/api/admin/clients/revoke_user", &fields).await.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_refused_redirect_uri_is_shown_to_administrators_beside_the_registered_one_until_it_is_registered()
{
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let wiki = add_wiki(&mut admin).await;
        let ask = async |redirect_uri: &str| {
            let answer =
                app.browser().get(&path(&wiki.request_with(&[("redirect_uri", redirect_uri)]))).await;
            answer.assert_status(400);
            assert!(!answer.body.contains(CALLBACK), "what is registered is nobody else's business");
        };
        ask("https://app.example.org/callback/").await;
        app.advance(Duration::from_secs(60));
        ask("https://evil.example/\u{202E}").await;
        app.advance(Duration::from_secs(60));
        ask("https://app.example.org/callback/").await;
        let (last, before) = (app.clock.now().to_utc(), (app.clock.now() - Duration::from_secs(60)).to_utc());
        assert_eq!(
            get(&mut admin, &wiki).await["refused_redirects"],
            json!([
                { "redirect_uri": "https://app.example.org/callback/", "nearest": CALLBACK, "times": 2, "last_at": last },
                { "redirect_uri": "https://evil.example/\u{FFFD}", "nearest": CALLBACK, "times": 1, "last_at": before },
            ])
        );
        let page = open(&mut admin, &format!("/admin/clients/{}", wiki.id)).await.main();
        let shown = page.with("aria-label", "Refused redirect URIs").text();
        assert!(
            shown.contains("https://app.example.org/callback/ https://app.example.org/callback 2"),
            "{shown}"
        );

        let both = format!("{CALLBACK}\n{CALLBACK}/");
        let registered = get(&mut admin, &wiki).await["client"].clone();
        update(&mut admin, &settings_with(&registered, ("redirect_uri", &both))).await.assert_status(200);
        let left = get(&mut admin, &wiki).await["refused_redirects"].clone();
        assert_eq!(left.as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn of_refused_redirect_uris_the_last_twenty_are_kept() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let wiki = add_wiki(&mut admin).await;
        for number in 0..25 {
            let redirect_uri = format!("https://app.example.org/{number:02}/{}", "x".repeat(400));
            let request = wiki.request_with(&[("redirect_uri", &redirect_uri)]);
            app.browser().get(&path(&request)).await.assert_status(400);
            app.advance(Duration::from_millis(1));
        }
        let refused = get(&mut admin, &wiki).await["refused_redirects"].clone();
        let refused: Vec<_> = refused
            .as_array()
            .unwrap()
            .iter()
            .map(|refused| refused["redirect_uri"].as_str().unwrap())
            .collect();
        assert_eq!(refused.len(), 20);
        assert!(refused[0].starts_with("https://app.example.org/24/"));
        assert!(refused[19].starts_with("https://app.example.org/05/"));
        assert!(refused.iter().all(|uri| uri.len() == 300), "no more of each than helps");
    }
}

#[tokio::test]
async fn clients_are_listed_by_name_a_page_at_a_time() {
    for backend in BACKENDS {
        let (_app, mut admin) = start(backend).await;
        for name in ["Wiki", "Board", "Wiki"] {
            let fields = [("kind", "service"), ("name", name)];
            admin.post("/api/admin/clients/add", &fields).await.assert_status(200);
        }
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let fields = [("limit", "1"), ("cursor", cursor.as_str())];
            let page = admin.post("/api/admin/clients/list", &fields).await.assert_status(200).json();
            names.push(page["items"][0]["name"].as_str().unwrap().to_owned());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(names, ["Board", "Wiki", "Wiki"], "{backend:?}");
    }
}

#[tokio::test]
async fn the_pages_of_clients_are_read_without_javascript() {
    let (app, mut admin) = start(Backend::Sqlite).await;
    let page = open(&mut admin, "/admin/clients").await.main();
    assert!(page.text().contains("No client is registered."));
    let wiki = add_wiki(&mut admin).await;
    let mut ada = app.sign_up("ada@example.org").await;
    wiki.sign_in(&app, &mut ada).await;
    let page = open(&mut admin, "/admin/clients").await.main();
    let cells = page.with("aria-label", "Clients").texts("td");
    assert_eq!(cells[..4], ["Wiki", "web", "not asked", "active"]);
    let link = page.links().into_iter().find(|link| link.ends_with(wiki.id.as_str())).unwrap();
    let page = open(&mut admin, &link).await.main();
    assert!(page.with("aria-label", "Who uses it").text().contains("ada@example.org"));
    assert_eq!(page.value("name"), "Wiki");
    assert_eq!(page.texts("textarea")[0], CALLBACK);
}
