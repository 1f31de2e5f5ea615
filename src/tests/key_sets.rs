//! Public keys of clients and services that are at an address of theirs (`jwks_uri`).

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify, time::timeout};

use super::{
    client_tokens::part,
    oauth_clients::{Keyed, assert_refused},
    relying_party::{CALLBACK, RelyingParty, VERIFIER, answered, path},
    token_formats::{Opener, SERVICE, Setup},
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        client_info::{ActionContext, ClientInfo},
        crypto::algorithm::Algorithm,
        error::Error,
        fetch::Reach,
        key_sets::{FIRST_PAUSE, PAUSE, Place},
        oauth::{self, clients::ClientSettings, error::OAuthCode, resources::ResourceSettings},
        store::Store,
    },
    tests::test_app::{Backend, TestApp},
};

/// What a server of keys has, and how often it was asked. Nothing: it answers 500.
#[derive(Default)]
struct Keys {
    set: Option<Value>,
    asked: usize,
}

/// A server of a key set.
#[derive(Clone)]
struct KeyServer {
    address: String,
    keys: Arc<Mutex<Keys>>,
}

impl KeyServer {
    async fn start(keys: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/keys", listener.local_addr().unwrap());
        let server = Self { address, keys: Arc::default() };
        server.serves(keys);
        let answer = async |State(Self { keys, .. }): State<Self>| {
            let mut keys = keys.lock().unwrap();
            keys.asked += 1;
            match &keys.set {
                Some(set) => Json(set.clone()).into_response(),
                None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        };
        let router = Router::new().route("/keys", get(answer)).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn serves(&self, keys: &[Value]) {
        self.keys.lock().unwrap().set = Some(json!({ "keys": keys }));
    }

    fn breaks(&self) {
        self.keys.lock().unwrap().set = None;
    }

    fn asked(&self) -> usize {
        self.keys.lock().unwrap().asked
    }
}

async fn set(app: &TestApp, keyed: &Keyed, jwks: &str) -> Result<(), Error> {
    let by = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &by };
    let settings = ClientSettings { jwks: Some(jwks.to_owned()), ..ClientSettings::default() };
    oauth::clients::update(&app.state, context, None, &keyed.client.client.id, &settings).await.map(drop)
}

/// An assertion that was made just now, signed with the key that the client calls so.
fn assertion(keyed: &Keyed, kid: &str, jti: &str) -> String {
    let mut claims = keyed.claims();
    claims["jti"] = jti.into();
    keyed.sign(&json!({ "alg": "ES256", "kid": kid }), &claims)
}

#[tokio::test]
async fn a_client_that_signs_can_change_its_keys_at_their_address() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let keyed = Keyed::new(backend, Algorithm::Es256).await;
        let other = Keyed::new(Backend::Sqlite, Algorithm::Es256).await.jwk("other");
        let server = KeyServer::start(&[other]).await;
        set(&keyed.app, &keyed, &server.address).await.unwrap();
        let refused = keyed.present(&assertion(&keyed, "mine", "one")).await;
        assert_refused(&refused, 401, "invalid_client");
        // It has put its key there meanwhile, which is seen a minute after the last look at the earliest.
        server.serves(&[keyed.jwk("mine")]);
        assert_refused(&keyed.present(&assertion(&keyed, "mine", "two")).await, 401, "invalid_client");
        assert_eq!(server.asked(), 1);
        keyed.app.advance(PAUSE);
        keyed.present(&assertion(&keyed, "mine", "three")).await.assert_status(200);
        assert_eq!(server.asked(), 2);
        // What is known is not asked for, and a key that is made up only once a minute.
        keyed.present(&assertion(&keyed, "mine", "four")).await.assert_status(200);
        keyed.app.advance(PAUSE);
        for jti in ["five", "six", "seven"] {
            let refused = keyed.present(&assertion(&keyed, "made-up", jti)).await;
            assert_refused(&refused, 401, "invalid_client");
        }
        assert_eq!(server.asked(), 3);
    }
}

#[tokio::test]
async fn keys_that_are_known_go_on_while_their_address_does_not_answer_and_without_any_the_client_is_told_to_wait()
 {
    let keyed = Keyed::new(Backend::Sqlite, Algorithm::Es256).await;
    let server = KeyServer::start(&[keyed.jwk("mine")]).await;
    server.breaks();
    set(&keyed.app, &keyed, &server.address).await.unwrap();
    let answer = keyed.present(&assertion(&keyed, "mine", "one")).await;
    assert_refused(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    server.serves(&[keyed.jwk("mine")]);
    keyed.app.advance(FIRST_PAUSE);
    keyed.present(&assertion(&keyed, "mine", "one")).await.assert_status(200);
    server.breaks();
    keyed.app.advance(Duration::from_secs(3600));
    keyed.present(&assertion(&keyed, "mine", "two")).await.assert_status(200);
    assert_eq!(server.asked(), 3, "it was asked again after an hour");
}

#[tokio::test]
async fn tokens_are_encrypted_with_the_key_that_is_at_the_address_of_the_service() {
    let setup = Setup::new().await;
    let ((old, mut old_key), (new, new_key)) = (Opener::ec(), Opener::rsa());
    // One for signing, and one that does not say what it is for, stand before the one that does.
    let signing = json!({ "kty": "EC", "crv": "P-256", "x": old_key["x"], "y": old_key["y"], "use": "sig" });
    let server = KeyServer::start(&[signing.clone(), new_key.clone(), old_key.clone()]).await;
    let settings =
        ResourceSettings { encryption_key: Some(server.address.clone()), ..ResourceSettings::default() };
    setup.set(settings).await.unwrap();
    let token = setup.token().await;
    assert!(old.open(&token).is_some());
    assert_eq!(part(&token, 0)["kid"], "mine");
    // Another key within an hour, and a private one never.
    server.serves(&[signing.clone(), new_key]);
    assert!(old.open(&setup.token().await).is_some());
    setup.app.advance(Duration::from_secs(3600));
    assert!(new.open(&setup.token().await).is_some());
    old_key["d"] = "AAAA".into();
    server.serves(&[signing, old_key]);
    setup.app.advance(Duration::from_secs(3600));
    let refused = setup.granted(SERVICE).try_access_token(&setup.app).await;
    assert_eq!(refused, Err(OAuthCode::Unavailable));
}

/// Incident 21. Where a name leads is the fetcher's to check: `a_name_leads_to_no_address_inside_the_network`.
#[tokio::test]
async fn an_address_of_keys_is_written_plainly_and_called_over_tls() {
    let keyed = Keyed::new(Backend::Sqlite, Algorithm::Es256).await;
    for refused in [
        "ftp://keys.example.org/",
        "http://keys.example.org/keys",
        "https://a@keys.example.org/",
        "https://keys.example.org/#a",
        "https://2130706433/keys",
    ] {
        let outcome = set(&keyed.app, &keyed, refused).await;
        assert!(matches!(outcome, Err(Error::Invalid(fields)) if fields.contains_key("jwks")), "{refused}");
    }
}

#[tokio::test]
async fn who_may_not_call_an_address_keeps_nobody_waiting_who_may() {
    let app = TestApp::start().await;
    let server = KeyServer::start(&[]).await;
    let place = |reach| Place { address: &server.address, reach };
    assert!(app.state.key_sets.get(place(Reach::Public)).await.is_err());
    assert!(app.state.key_sets.get(place(Reach::Private)).await.is_ok());
}

/// A service whose key is at this address.
async fn add_service(app: &TestApp, uri: &str, address: &str) {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: app.clock.now(), client: &client };
    let settings =
        ResourceSettings { encryption_key: Some(address.to_owned()), ..ResourceSettings::default() };
    oauth::resources::add(&app.state, context, uri, &settings).await.unwrap();
}

#[tokio::test]
async fn no_code_is_used_up_while_there_is_no_key_to_encrypt_its_tokens_with() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let (opener, key) = Opener::ec();
        let (of_service, of_client) = (KeyServer::start(&[]).await, KeyServer::start(&[]).await);
        add_service(&app, SERVICE, &of_service.address).await;
        let of_service_alone =
            ClientSettings { resources: Some(vec![SERVICE.to_owned()]), ..ClientSettings::default() };
        let of_client_alone =
            ClientSettings { id_token_key: Some(of_client.address.clone()), ..ClientSettings::default() };
        for (settings, server, resource, token) in [
            (of_service_alone, &of_service, SERVICE, "access_token"),
            (of_client_alone, &of_client, "", "id_token"),
        ] {
            server.breaks();
            let settings = ClientSettings { trusted: Some(true), ..settings };
            let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
            let request = client.request_with(&[("resource", resource)]);
            let code = client.authorize(&mut browser, &request).await["code"].clone();
            for _ in 0..2 {
                client.redeem(&app, &code).await.assert_refused(503, "temporarily_unavailable");
            }
            server.serves(std::slice::from_ref(&key));
            app.advance(FIRST_PAUSE);
            let tokens = client.redeem(&app, &code).await.assert_status(200).json();
            assert!(opener.open(tokens[token].as_str().unwrap()).is_some(), "{tokens}");
            // Nobody was taken for a thief meanwhile.
            client.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_code_for_services_that_share_no_token_is_still_good_for_one_of_them() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let server = KeyServer::start(&[Opener::ec().1]).await;
    add_service(&app, SERVICE, &server.address).await;
    let both = vec![SERVICE.to_owned(), "https://other.example.org".to_owned()];
    let settings = ClientSettings { trusted: Some(true), resources: Some(both), ..ClientSettings::default() };
    let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
    let asked = format!(
        "{}&resource=https://other.example.org",
        path(&client.request_with(&[("resource", SERVICE)]))
    );
    let code = answered(&browser.get(&asked).await)["code"].clone();
    client.redeem(&app, &code).await.assert_refused(400, "invalid_target");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
        ("resource", SERVICE),
    ];
    client.token(&app, &fields).await.assert_status(200);
}

/// A server that says when it is called, and never answers.
async fn silent_server() -> (String, Arc<Notify>) {
    let called = Arc::new(Notify::new());
    let says = called.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let hold = get(async move || {
        says.notify_one();
        std::future::pending::<()>().await;
    });
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/keys", hold)).await });
    (address, called)
}

/// How many connections for reading are in use.
fn in_use(app: &TestApp) -> usize {
    match &app.state.store {
        Store::Sqlite(pools) => pools.readers.size() as usize - pools.readers.num_idle(),
        Store::Postgres(pool) => pool.size() as usize - pool.num_idle(),
    }
}

#[tokio::test]
async fn while_the_keys_of_a_service_do_not_come_nobody_holds_a_connection_to_the_database() {
    let setup = Setup::new().await;
    let (address, called) = silent_server().await;
    add_service(&setup.app, SERVICE, &address).await;
    let before = in_use(&setup.app);
    let granted = setup.granted(SERVICE);
    let mut token = pin!(granted.try_access_token(&setup.app));
    tokio::select! {
        () = called.notified() => {}
        token = &mut token => panic!("{token:?}"),
    }
    // A connection that was given back is on its way for a moment.
    let given_back = async {
        while in_use(&setup.app) > before {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), given_back).await.expect("a connection is held");
}
