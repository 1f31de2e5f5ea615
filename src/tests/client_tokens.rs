//! Tokens for clients: what they say, what they open, and the keys that sign them.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use super::{oauth_clients::*, test_app::BEGINNING};
use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        id::{ClientSessionId, GrantId, SessionId},
        level::Level,
        methods::Methods,
        oauth::{client_kind::ClientKind, resource::Resources, scope::Scopes},
    },
    server::{
        accounts::administer,
        change::Change,
        client_info::{ActionContext, ClientInfo},
        http::endpoints::ENDPOINTS,
        keys::line::KeyLine,
        oauth::{
            clients::{self, ClientSettings},
            error::OAuthCode,
            signing,
        },
        store::{
            clients::Client,
            invalidations::Invalidation,
            users::{self, User},
        },
        tasks::sync,
        tokens::{
            client_access::{Authentication, ClientAccess, Subject},
            id_token::IdToken,
            person_claims::PersonClaims,
            verify::{TokenError, verify},
        },
    },
    tests::test_app::{Backend, Browser, TestApp},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const SID: &str = "019c0000-0000-7000-8000-00000000aaaa";
const GRANT: &str = "019c0000-0000-7000-8000-00000000bbbb";
const SERVICE: &str = "https://api.example.org";

/// What a client has been granted, as a test wants it.
pub struct Granted<'a> {
    pub client: &'a Client,
    pub user: Option<&'a User>,
    pub scopes: &'a str,
    pub resources: &'a str,
}

impl Granted<'_> {
    /// An access token, as the token endpoint signs it.
    pub async fn access_token(&self, app: &TestApp) -> String {
        self.try_access_token(app).await.unwrap()
    }

    async fn try_access_token(&self, app: &TestApp) -> Result<String, OAuthCode> {
        let now = app.clock.now();
        let (sid, grant) = (ClientSessionId::parse(SID).unwrap(), GrantId::parse(GRANT).unwrap());
        let subject = self.user.map_or(Subject::Client, |user| Subject::User {
            id: &user.id,
            epoch: user.token_epoch,
            authentication: AUTHENTICATION,
        });
        let access = ClientAccess {
            client: &self.client.id,
            subject,
            sid: self.user.map(|_| &sid),
            grant: &grant,
            generation: 3,
            resources: &Resources::parse(self.resources).unwrap(),
            scopes: &Scopes::parse(self.scopes).unwrap(),
            roles: None,
            expires_at: now + app.state.config.tokens.client_access_ttl,
        };
        let minted = signing::access_token(&app.state, now, &access).await;
        minted.map(|minted| minted.token).map_err(|error| error.code)
    }

    async fn id_token(&self, app: &TestApp, nonce: Option<&str>) -> String {
        let user = self.user.unwrap();
        let token = IdToken {
            client: &self.client.id,
            user: &user.id,
            sid: &ClientSessionId::parse(SID).unwrap(),
            authentication: AUTHENTICATION,
            nonce,
            access_token: "an access token",
            person: PersonClaims::of(user, &["staff".to_owned()], &Scopes::parse(self.scopes).unwrap()),
        };
        signing::id_token(&app.state, app.clock.now(), self.client.id_token_alg, &token).await.unwrap()
    }
}

/// With a password, when tests begin.
const AUTHENTICATION: Authentication =
    Authentication { at: BEGINNING, methods: Methods::PASSWORD, acr: Level::SingleFactor };

pub fn part(token: &str, n: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(n).unwrap()).unwrap()).unwrap()
}

fn names(object: &Value) -> Vec<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// The algorithms of the published keys, in the order of their names.
async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.browser().get("/.well-known/jwks.json").await.json()["keys"].as_array().unwrap().clone();
    let mut algorithms: Vec<_> = keys.iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect();
    algorithms.sort_unstable();
    algorithms
}

async fn jwks(app: &TestApp) -> jsonwebtoken::jwk::JwkSet {
    serde_json::from_value(app.browser().get("/.well-known/jwks.json").await.json()).unwrap()
}

/// Whether one of the published keys has signed it.
async fn is_signed_by_a_published_key(app: &TestApp, token: &str) -> bool {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let keys = jwks(app).await;
    let Some(key) = keys.find(&header.kid.unwrap()) else { return false };
    let (message, signature) = token.rsplit_once('.').unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, header.alg).unwrap()
}

struct Setup {
    app: TestApp,
    admin: Browser,
    user: User,
    client: Client,
}

impl Setup {
    async fn new() -> Self {
        Self::with(Backend::Sqlite, &[]).await
    }

    async fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        let app = TestApp::with(backend, settings).await;
        let admin = app.sign_in_as("root@example.org", "admin editor").await;
        let user = app.user("root@example.org").await;
        let client = add_client(&app, |client| client.id_token_alg = ClientAlgorithm::Es256).await.client;
        Self { app, admin, user, client }
    }

    fn granted<'a>(&'a self, scopes: &'a str, resources: &'a str) -> Granted<'a> {
        Granted { client: &self.client, user: Some(&self.user), scopes, resources }
    }
}

#[tokio::test]
async fn a_clients_access_token_says_what_rfc_9068_wants_and_nothing_personal() {
    let setup = Setup::new().await;
    let token = setup.granted("openid email", SERVICE).access_token(&setup.app).await;
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    assert_eq!(
        names(&claims),
        ["acr", "amr", "aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sid", "sub"]
    );
    assert_eq!(claims["aud"], json!([SERVICE, "http://localhost:3000/oauth/userinfo"]));
    assert_eq!(claims["client_id"], json!(setup.client.id));
    assert_eq!(claims["scope"], "email openid");
    assert_eq!((&claims["sid"], &claims["sub"]), (&json!(SID), &json!(setup.user.id)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert!(!claims.to_string().contains("root@"));
    assert!(is_signed_by_a_published_key(&setup.app, &token).await);

    // One service is a string; a token without openid is for that service alone.
    let token = setup.granted("read", SERVICE).access_token(&setup.app).await;
    assert_eq!(part(&token, 1)["aud"], SERVICE);
    // A client that speaks for itself.
    let own = Granted { client: &setup.client, user: None, scopes: "read", resources: SERVICE };
    let claims = part(&own.access_token(&setup.app).await, 1);
    assert_eq!(claims["sub"], json!(setup.client.id));
    assert_eq!(names(&claims), ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"]);
}

#[tokio::test]
async fn an_id_token_says_what_openid_connect_wants() {
    let mut setup = Setup::new().await;
    for algorithm in ClientAlgorithm::ALL {
        setup.client.id_token_alg = algorithm;
        let nonce = "n-0S6_WzA2Mj \u{e4}\"\\";
        let token =
            setup.granted("openid profile email groups roles", "").id_token(&setup.app, Some(nonce)).await;
        let (header, claims) = (part(&token, 0), part(&token, 1));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("JWT"), &json!(algorithm.as_str())));
        assert_eq!(
            names(&claims),
            [
                "acr",
                "amr",
                "at_hash",
                "aud",
                "auth_time",
                "email",
                "email_verified",
                "exp",
                "groups",
                "iat",
                "iss",
                "name",
                "nonce",
                "roles",
                "sid",
                "sub"
            ]
        );
        assert_eq!(claims["iss"], "http://localhost:3000");
        assert_eq!(claims["aud"], json!(setup.client.id));
        assert_eq!(claims["nonce"], nonce, "byte for byte");
        assert_eq!(claims["amr"], json!(["pwd"]));
        assert_eq!(claims["groups"], json!(["staff"]));
        assert_eq!(claims["email_verified"], false);
        assert!(is_signed_by_a_published_key(&setup.app, &token).await);
    }
    let token = setup.granted("openid", "").id_token(&setup.app, None).await;
    assert_eq!(
        names(&part(&token, 1)),
        ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "sid", "sub"]
    );
}

#[tokio::test]
async fn a_clients_access_token_opens_nothing_under_api() {
    let setup = Setup::new().await;
    // As much as a client can be given, and of an administrator.
    let token = setup.granted("openid profile email groups roles", "").access_token(&setup.app).await;
    let mut tried = 0;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| !endpoint.path.starts_with("/api/auth/")) {
        let fields: Vec<_> = endpoint.fields.iter().map(|name| (*name, "x")).collect();
        let mut browser = setup.app.browser();
        browser.access_token = Some(token.clone());
        let answer = browser.post(endpoint.path, &fields).await;
        answer.assert_error(401, "invalid_token");
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
    let mut browser = setup.app.browser();
    browser.access_token = Some(token);
    browser.post("/api/auth/reauthenticate", &[("password", "x")]).await.assert_error(401, "invalid_token");
}

/// Each barrier keeps it out alone: the key, the type, the audience and the client.
#[tokio::test]
async fn the_key_the_type_the_audience_and_the_client_each_keep_a_clients_token_out_of_the_portal() {
    let setup = Setup::new().await;
    let (app, now) = (&setup.app, setup.app.clock.now());
    let own = setup.admin.access_token.clone().unwrap();
    let (header, claims) = (part(&own, 0), part(&own, 1));
    let theirs = part(&setup.granted("openid", "").access_token(app).await, 1);
    let reason = |token: &str| verify(token, &app.state.tokens.keys, &app.state.config.tokens, now).err();
    let portal = app.state.tokens.keys.active(KeyLine::Portal, now).unwrap();
    let with = |name: &str, value: &Value| {
        let mut changed = claims.clone();
        changed[name] = value.clone();
        portal.sign_anything(&header.to_string(), &changed.to_string())
    };
    assert_eq!(reason(&own), None);
    assert_eq!(reason(&with("aud", &theirs["aud"])), Some(TokenError::Audience));
    assert_eq!(reason(&with("aud", &json!([claims["aud"], SERVICE]))), Some(TokenError::Claims));
    assert_eq!(reason(&with("client_id", &theirs["client_id"])), Some(TokenError::Claims));
    let id_header = json!({ "typ": "JWT", "alg": header["alg"], "kid": header["kid"] });
    let as_id_token = portal.sign_anything(&id_header.to_string(), &claims.to_string());
    assert_eq!(reason(&as_id_token), Some(TokenError::Type));
    // All that the portal's own token says, signed by a key of the clients.
    let key = app.state.tokens.keys.active(KeyLine::Clients(ClientAlgorithm::Es256), now).unwrap();
    let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": key.kid });
    assert_eq!(
        reason(&key.sign_anything(&header.to_string(), &claims.to_string())),
        Some(TokenError::Purpose)
    );
}

#[tokio::test]
async fn an_id_token_opens_nothing_at_all() {
    let setup = Setup::new().await;
    let service =
        add_client(&setup.app, |client| client.resources = Resources::parse(SERVICE).unwrap()).await;
    let token = setup.granted("openid profile email", "").id_token(&setup.app, None).await;
    let now = setup.app.clock.now();
    assert_eq!(setup.app.state.tokens.verify(&token, now).err(), Some(TokenError::Type));
    assert_eq!(setup.app.state.tokens.verify_client(&token, now).err(), Some(TokenError::Type));
    let mut browser = setup.app.browser();
    browser.access_token = Some(token.clone());
    browser.post("/api/account/me", &[]).await.assert_error(401, "invalid_token");
    browser.use_token().await.assert_error(401, "invalid_token");
    let answer = service.introspect(&setup.app, &token).await;
    assert_eq!(answer.json(), json!({ "active": false }));
}

#[tokio::test]
async fn no_token_is_ever_signed_for_the_portals_own_audience() {
    let setup = Setup::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_AUDIENCE", SERVICE)]).await;
    // Registered before the setting was changed.
    let refused = setup.granted("openid", SERVICE).try_access_token(&setup.app).await;
    assert_eq!(refused, Err(OAuthCode::InvalidTarget));
    // And one that says so is not believed.
    let token = setup.granted("openid", "https://other.example").access_token(&setup.app).await;
    let mut claims = part(&token, 1);
    claims["aud"] = json!([SERVICE, "https://other.example"]);
    let now = setup.app.clock.now();
    let key = setup.app.state.tokens.keys.active(KeyLine::Clients(ClientAlgorithm::Es256), now).unwrap();
    let forged = key.sign_anything(&part(&token, 0).to_string(), &claims.to_string());
    assert_eq!(setup.app.state.tokens.verify_client(&forged, now).err(), Some(TokenError::Audience));
}

#[tokio::test]
async fn a_resource_that_is_latchkeys_own_is_not_registered() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_AUDIENCE", SERVICE)]).await;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    for (resource, allowed) in [
        (SERVICE, false),
        ("http://localhost:3000", false),
        ("http://localhost:3000/", false),
        ("http://localhost:3000/oauth/userinfo", false),
        ("https://other.example", true),
    ] {
        let settings = ClientSettings {
            name: Some("A service".to_owned()),
            resources: Some(vec![resource.to_owned()]),
            ..ClientSettings::default()
        };
        let added = clients::add(&app.state, context, None, ClientKind::Service, &settings).await;
        assert_eq!(added.is_ok(), allowed, "{resource}");
    }
}

#[tokio::test]
async fn a_clients_token_ends_with_its_client_session_its_grant_and_its_account() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for ended in ["session", "grant", "account", "roles"] {
            let setup = Setup::with(backend, &[]).await;
            let app = &setup.app;
            app.sign_up("ada@example.org").await;
            let ada = app.user("ada@example.org").await;
            let granted =
                Granted { client: &setup.client, user: Some(&ada), scopes: "openid", resources: "" };
            let token = granted.access_token(app).await;
            let own = Granted { client: &setup.client, user: None, scopes: "read", resources: SERVICE };
            let verify = |token: &str| app.state.tokens.verify_client(token, app.clock.now()).err();
            assert_eq!(verify(&token), None);
            let client = ClientInfo::command_line();
            let context = ActionContext { now: app.clock.now(), client: &client };
            let mut change = Change::begin(&app.state, context).await.unwrap();
            let until = app.clock.now() + 300 * SECOND;
            match ended {
                "session" => {
                    let id = SessionId::of_client_session(&ClientSessionId::parse(SID).unwrap());
                    change.invalidate(Invalidation::SessionRevoked(id), until);
                    change.commit().await.unwrap();
                }
                "grant" => {
                    let own = own.access_token(app).await;
                    let id = SessionId::of_grant(&GrantId::parse(GRANT).unwrap());
                    change.invalidate(Invalidation::SessionRevoked(id), until);
                    change.commit().await.unwrap();
                    assert_eq!(verify(&own), Some(TokenError::Revoked));
                }
                "account" => {
                    drop(change);
                    administer::disable(&app.state, context, None, &ada.id).await.unwrap();
                }
                _ => {
                    drop(change);
                    app.set_roles("ada@example.org", "editor").await;
                }
            }
            let reason =
                if ended == "session" || ended == "grant" { TokenError::Revoked } else { TokenError::Stale };
            assert_eq!(verify(&token), Some(reason), "{ended}");
            app.browser()
                .get_with_token("/oauth/userinfo", Some(&token))
                .await
                .assert_error(401, "invalid_token");
        }
    }
}

#[tokio::test]
async fn a_role_change_is_remembered_for_as_long_as_a_clients_token_lives() {
    let setup = Setup::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_CLIENT_ACCESS_TTL", "1h")]).await;
    let app = &setup.app;
    app.sign_up("ada@example.org").await;
    let ada = app.user("ada@example.org").await;
    let granted = Granted { client: &setup.client, user: Some(&ada), scopes: "openid", resources: "" };
    let token = granted.access_token(app).await;
    app.set_roles("ada@example.org", "editor").await;
    // The tokens of all her sessions have expired, and so has what the first node kept in memory.
    app.advance(1800 * SECOND);
    let app = setup.app.restart().await;
    let verified = app.state.tokens.verify_client(&token, app.clock.now());
    assert_eq!(verified.err(), Some(TokenError::Stale));
}

#[tokio::test]
async fn an_installation_without_clients_has_no_keys_for_them() {
    let app = TestApp::start().await;
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert_eq!(published(&app).await, ["ES256"]);
}

#[tokio::test]
async fn the_keys_that_a_client_needs_are_made_within_a_minute() {
    let app = TestApp::start().await;
    let client = add_client(&app, |client| client.id_token_alg = ClientAlgorithm::Rs256).await.client;
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert_eq!(published(&app).await, ["ES256", "ES256", "RS256"]);
    let own = Granted { client: &client, user: None, scopes: "read", resources: SERVICE };
    assert!(is_signed_by_a_published_key(&app, &own.access_token(&app).await).await);
    assert_eq!(published(&app).await.len(), 3);
}

#[tokio::test]
async fn with_hs256_alone_clients_get_keys_that_are_public_and_never_the_secret() {
    let setup = Setup::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_ALGORITHM", "HS256")]).await;
    let (app, granted) = (&setup.app, setup.granted("openid", ""));
    assert_eq!(published(app).await, [""; 0]);
    let rs256 = Client { id_token_alg: ClientAlgorithm::Rs256, ..setup.client.clone() };
    let id_token = Granted { client: &rs256, ..granted }.id_token(app, None).await;
    let access_token = setup.granted("openid", "").access_token(app).await;
    assert_eq!(published(app).await, ["ES256", "RS256"]);
    for token in [&id_token, &access_token] {
        assert!(is_signed_by_a_published_key(app, token).await);
    }
    assert!(!app.browser().get("/.well-known/jwks.json").await.body.contains("oct"));
    setup.admin.use_token().await.assert_status(200);
}

#[tokio::test]
async fn many_who_need_the_first_key_at_once_make_one() {
    let setup = Arc::new(Setup::new().await);
    let tokens: Vec<_> = (0..20)
        .map(|_| {
            let setup = setup.clone();
            tokio::spawn(async move { setup.granted("openid", "").id_token(&setup.app, None).await })
        })
        .collect();
    for token in tokens {
        assert!(is_signed_by_a_published_key(&setup.app, &token.await.unwrap()).await);
    }
    // The portal's, and the one that all of them are signed with.
    assert_eq!(published(&setup.app).await.len(), 2);
}

#[tokio::test]
async fn the_first_key_of_one_node_is_known_to_the_other() {
    let setup = Setup::with(Backend::Postgres, &[]).await;
    let other = setup.app.another_node().await;
    let token = setup.granted("openid", "").access_token(&setup.app).await;
    sync::catch_up(&other.state).await.unwrap();
    assert!(other.state.tokens.verify_client(&token, other.clock.now()).is_ok());
    // It makes no second one.
    let again = setup.granted("openid", "").access_token(&other).await;
    assert_eq!(part(&again, 0)["kid"], part(&token, 0)["kid"]);
}

#[tokio::test]
async fn a_rotation_covers_the_keys_of_the_portal_and_those_of_the_clients() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut setup = Setup::with(backend, &[]).await;
        let before = setup.granted("openid", "").access_token(&setup.app).await;
        assert_eq!(published(&setup.app).await.len(), 2);
        let rotated = setup.admin.post("/api/admin/keys/rotate", &[]).await;
        rotated.assert_status(200);
        let purposes = |state: &str| -> Vec<String> {
            let keys = rotated.json();
            let keys = keys.as_array().unwrap().iter().filter(|key| key["state"] == state);
            let mut purposes: Vec<_> = keys.map(|key| key["purpose"].as_str().unwrap().to_owned()).collect();
            purposes.sort_unstable();
            purposes
        };
        assert_eq!(purposes("next"), ["clients", "portal"]);
        assert_eq!(purposes("active"), ["clients", "portal"]);
        setup.admin.post("/api/admin/keys/rotate", &[]).await.assert_error(409, "rotation_under_way");
        // A line that begins meanwhile is not held up by it, and the others are left as they are.
        setup.client.id_token_alg = ClientAlgorithm::Rs256;
        setup.granted("openid", "").id_token(&setup.app, None).await;
        setup.admin.post("/api/admin/keys/rotate", &[]).await.assert_status(200);
        setup.admin.post("/api/admin/keys/rotate", &[]).await.assert_error(409, "rotation_under_way");
        assert_eq!(published(&setup.app).await.len(), 6);

        let still = setup.granted("openid", "").access_token(&setup.app).await;
        assert_eq!(part(&still, 0)["kid"], part(&before, 0)["kid"]);
        setup.app.advance(305 * SECOND);
        let after = setup.granted("openid", "").access_token(&setup.app).await;
        assert_ne!(part(&after, 0)["kid"], part(&before, 0)["kid"]);
        setup.admin.refresh().await.assert_status(200);
        let page = setup.admin.get("/admin/keys").await;
        assert!(page.body.contains("Apps") && page.body.contains("Latchkey"), "{}", page.body);
    }
}

#[tokio::test]
async fn keys_of_clients_rotate_by_themselves_and_verify_until_their_last_token_has_expired() {
    let setup = Setup::new().await;
    let app = &setup.app;
    let first = setup.granted("openid", "").access_token(app).await;
    app.advance(29 * DAY + 86_100 * SECOND);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert_eq!(published(app).await.len(), 4, "one more in each line");
    app.advance(304 * SECOND);
    let last = setup.granted("openid", "").access_token(app).await;
    assert_eq!(part(&last, 0)["kid"], part(&first, 0)["kid"]);
    app.advance(SECOND);
    let next = setup.granted("openid", "").access_token(app).await;
    assert_ne!(part(&next, 0)["kid"], part(&first, 0)["kid"]);
    assert!(app.state.tokens.verify_client(&last, app.clock.now()).is_ok());
    // An hour is the longest that a token for a client lives.
    app.advance(3599 * SECOND);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert!(is_signed_by_a_published_key(app, &last).await);
    app.advance(12 * SECOND);
    sync::rotate_keys_if_due(&app.state).await.unwrap();
    assert!(!is_signed_by_a_published_key(app, &last).await);
}

#[tokio::test]
async fn revoking_a_key_of_the_clients_leaves_the_portals_alone() {
    let setup = Setup::new().await;
    let app = &setup.app;
    let token = setup.granted("openid", "").access_token(app).await;
    assert!(app.state.tokens.verify_client(&token, app.clock.now()).is_ok());
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
    app.state.key_manager().revoke(context, None, &kid).await.unwrap();
    sync::catch_up(&app.state).await.unwrap();
    let verified = app.state.tokens.verify_client(&token, app.clock.now());
    assert_eq!(verified.err(), Some(TokenError::UnknownKey));
    setup.admin.use_token().await.assert_status(200);
    let next = setup.granted("openid", "").access_token(app).await;
    assert_eq!(part(&next, 0)["alg"], "ES256");
    assert!(app.state.tokens.verify_client(&next, app.clock.now()).is_ok());
    assert_eq!(published(app).await.len(), 2);
}

#[tokio::test]
async fn an_administrator_vouches_for_an_address_and_apps_are_told() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut setup = Setup::with(backend, &[]).await;
        let mut ada = setup.app.sign_up("ada@example.org").await;
        let id = setup.app.user("ada@example.org").await.id.to_string();
        let whom = [("user_id", id.as_str())];
        ada.post("/api/admin/users/verify_email", &whom).await.assert_error(403, "forbidden");
        assert_eq!(ada.use_token().await.json()["email_verified"], false);

        let answer = setup.admin.post("/api/admin/users/verify_email", &whom).await;
        assert_eq!(answer.assert_status(200).json()["email_verified"], true);
        setup.admin.post("/api/admin/users/verify_email", &whom).await.assert_status(200);
        assert_eq!(ada.use_token().await.json()["email_verified"], true);
        let user = setup.app.user("ada@example.org").await;
        let granted =
            Granted { client: &setup.client, user: Some(&user), scopes: "openid email", resources: "" };
        assert_eq!(part(&granted.id_token(&setup.app, None).await, 1)["email_verified"], true);
        let token = granted.access_token(&setup.app).await;
        let answer = setup.app.browser().get_with_token("/oauth/userinfo", Some(&token)).await;
        assert_eq!(answer.json(), json!({ "sub": id, "email": "ada@example.org", "email_verified": true }));
        let page = setup.admin.get(&format!("/admin/users/{id}")).await;
        assert!(page.body.contains("Mark the email as unverified"), "{}", page.body);

        let answer = setup.admin.post("/api/admin/users/unverify_email", &whom).await;
        assert_eq!(answer.assert_status(200).json()["email_verified"], false);
        assert_eq!(ada.use_token().await.json()["email_verified"], false);
        let events = setup.app.events().await;
        let count = |name: &str| events.iter().filter(|event| *event == name).count();
        assert_eq!((count("email_verified"), count("email_unverified")), (1, 1));
        let mut tx = setup.app.state.store.begin().await.unwrap();
        assert!(users::by_id(&mut tx, &user.id).await.unwrap().unwrap().email_verified_at.is_none());
    }
}
