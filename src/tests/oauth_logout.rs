//! Apps are told that a session has ended, and ask to end one.

use std::{
    convert::Infallible,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form, Router,
    body::Body,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use futures::{FutureExt, stream};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

use super::{cluster::session_id, relying_party::*};
use crate::{
    model::{
        id::{ClientSessionId, UserId},
        oauth::{client_id::ClientId, client_kind::ClientKind},
    },
    server::{
        keys::line::KeyLine,
        oauth::{backchannel, clients::ClientSettings},
        store::{
            client_sessions::ClientSession,
            logout_deliveries::{self, Delivery},
            signing_keys,
        },
        tasks::{self, housekeeping},
        tokens::verify::verify_signature,
    },
    tests::test_app::{Answer, Backend, Browser, Log, TestApp, encode},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// What the log must never show.
const SECRET_PATH: &str = "/logout/a-secret-of-the-app";

/// An app that listens for logout tokens.
struct App {
    client: RelyingParty,
    settings: ClientSettings,
    /// Path and logout token of each call.
    calls: UnboundedReceiver<(String, String)>,
    status: Arc<Mutex<StatusCode>>,
}

impl App {
    async fn start(app: &TestApp, id_token_alg: &str) -> Self {
        let (sender, calls) = unbounded_channel();
        let status = Arc::new(Mutex::new(StatusCode::OK));
        let answer = status.clone();
        let handler = async move |uri: Uri, Form(fields): Form<Vec<(String, String)>>| {
            let [(name, token)] = fields.try_into().unwrap();
            assert_eq!(name, "logout_token");
            sender.send((uri.path().to_owned(), token)).unwrap();
            let status = *answer.lock().unwrap();
            respond(status).await
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        let settings = ClientSettings {
            trusted: Some(true),
            backchannel_logout_uri: Some(format!("http://{address}{SECRET_PATH}")),
            id_token_alg: Some(id_token_alg.to_owned()),
            ..ClientSettings::default()
        };
        let client = RelyingParty::register(app, ClientKind::Web, settings.clone()).await;
        Self { client, settings, calls, status }
    }

    /// Registers another app that is told at the same address.
    async fn another(&self, app: &TestApp) -> ClientId {
        RelyingParty::register(app, ClientKind::Web, self.settings.clone()).await.id
    }

    fn answer_with(&self, status: StatusCode) {
        *self.status.lock().unwrap() = status;
    }

    /// Signs somebody in to it and out of everything. Returns the claims of the ID token.
    async fn sign_in_and_out(&self, app: &TestApp, email: &str) -> Value {
        let mut browser = app.sign_up(email).await;
        let tokens = self.client.sign_in(app, &mut browser).await;
        browser.sign_out().await.assert_status(200);
        claims(tokens["id_token"].as_str().unwrap())
    }
}

/// An app with this status never answers.
const HANGS: StatusCode = StatusCode::REQUEST_TIMEOUT;
/// An app with this status is too slow for the places of the prompt ones, and then has heard.
const SLOW: StatusCode = StatusCode::NO_CONTENT;

/// An answer without an end, which nobody reads.
async fn respond(status: StatusCode) -> Response {
    if status == HANGS {
        return std::future::pending().await;
    }
    if status == SLOW {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    if status == StatusCode::SEE_OTHER {
        return (status, [("location", "/elsewhere")]).into_response();
    }
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024])));
    (status, Body::from_stream(endless)).into_response()
}

async fn claim(app: &TestApp) -> Vec<Delivery> {
    let all = |due: Vec<ClientId>| due.into_iter().map(|client| (client, 100)).collect();
    backchannel::claim(&app.state, all).await.unwrap()
}

async fn deliver_one(app: &TestApp, delivery: &Delivery) {
    backchannel::deliver(&app.state, delivery, std::future::pending()).await.unwrap();
}

/// Delivers what is due. Returns how many were.
async fn deliver(app: &TestApp) -> usize {
    let claimed = claim(app).await;
    for delivery in &claimed {
        deliver_one(app, delivery).await;
    }
    claimed.len()
}

#[tokio::test]
async fn an_app_hears_that_its_user_has_signed_out_on_sqlite() {
    hears_of_signing_out(Backend::Sqlite, "RS256").await;
}

#[tokio::test]
async fn an_app_hears_that_its_user_has_signed_out_on_postgres() {
    hears_of_signing_out(Backend::Postgres, "ES256").await;
}

async fn hears_of_signing_out(backend: Backend, algorithm: &str) {
    let app = TestApp::with(backend, &[]).await;
    let task = tokio::spawn(tasks::logout_deliveries::run(app.state.clone()));
    let mut listening = App::start(&app, algorithm).await;
    let id_token = listening.sign_in_and_out(&app, "ada@example.org").await;
    let (path, token) = timeout(60 * SECOND, listening.calls.recv()).await.unwrap().unwrap();
    assert_eq!(path, SECRET_PATH);
    let header = BASE64.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!((&header["typ"], &header["alg"]), (&"logout+jwt".into(), &algorithm.into()));
    let is_clients = |line| matches!(line, KeyLine::Clients(_));
    let keys = &app.state.tokens.keys;
    verify_signature(&token, "logout+jwt", is_clients, keys, app.clock.now()).unwrap();
    let mut logout = claims(&token);
    assert!(logout["jti"].as_str().is_some_and(|jti| !jti.is_empty()));
    logout["jti"].take();
    let now = app.clock.now().seconds();
    let expected = json!({
        "iss": "http://localhost:3000", "aud": listening.client.id.as_str(), "sub": id_token["sub"], "sid": id_token["sid"],
        "iat": now, "exp": now + 120, "jti": null,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    assert_eq!(logout, expected, "and nothing else, above all no nonce");
    is_delivered(&app).await;
    task.abort();
}

/// Waits until the only delivery was made at the first attempt.
async fn is_delivered(app: &TestApp) {
    let delivered = async {
        while logout_deliveries::states(&app.state.store).await != [(1, true, false)] {
            tokio::task::yield_now().await;
        }
    };
    timeout(60 * SECOND, delivered).await.unwrap();
}

#[tokio::test]
async fn the_delivery_is_woken_by_the_commit_that_ends_a_session_and_by_no_other() {
    let app = TestApp::start().await;
    let listening = App::start(&app, "ES256").await;
    app.sign_up("bob@example.org").await.sign_out().await.assert_status(200);
    assert_eq!(app.state.logout_deliveries.notified().now_or_never(), None);
    listening.sign_in_and_out(&app, "ada@example.org").await;
    assert_eq!(app.state.logout_deliveries.notified().now_or_never(), Some(()));
}

#[tokio::test]
async fn an_app_that_does_not_listen_is_told_five_times_more_on_sqlite() {
    is_told_again(Backend::Sqlite).await;
}

#[tokio::test]
async fn an_app_that_does_not_listen_is_told_five_times_more_on_postgres() {
    is_told_again(Backend::Postgres).await;
}

async fn is_told_again(backend: Backend) {
    let log = Log::capture();
    let app = TestApp::with(backend, &[]).await;
    let mut listening = App::start(&app, "RS256").await;
    listening.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    listening.sign_in_and_out(&app, "ada@example.org").await;
    let mut seen = Vec::new();
    for (attempts, wait) in [(1, 1), (2, 10), (3, 60), (4, 600), (5, 3600)] {
        assert_eq!(deliver(&app).await, 1);
        seen.push(listening.calls.recv().await.unwrap().1);
        assert_eq!(logout_deliveries::states(&app.state.store).await, [(attempts, false, false)]);
        app.advance(Duration::from_millis(wait * 1000 - 1));
        assert_eq!(deliver(&app).await, 0, "too early");
        app.advance(Duration::from_millis(1));
    }
    assert_eq!(deliver(&app).await, 1);
    assert_eq!(logout_deliveries::states(&app.state.store).await, [(6, false, true)]);
    app.advance(DAY);
    assert_eq!(deliver(&app).await, 0);
    let ids: std::collections::BTreeSet<_> =
        seen.iter().map(|token| claims(token)["jti"].to_string()).collect();
    assert_eq!(ids.len(), seen.len(), "each attempt has a token of its own");
    let log = log.text();
    assert!(log.contains("it is given up"), "{log}");
    assert!(!log.contains(SECRET_PATH) && seen.iter().all(|token| !log.contains(token)), "{log}");
}

#[tokio::test]
async fn an_app_has_heard_if_it_answers_200_or_204_and_no_redirect_is_followed() {
    let app = TestApp::start().await;
    let mut listening = App::start(&app, "RS256").await;
    let heard = [
        (StatusCode::OK, true),
        (StatusCode::NO_CONTENT, true),
        (StatusCode::ACCEPTED, false),
        (StatusCode::SEE_OTHER, false),
        (StatusCode::BAD_REQUEST, false),
    ];
    for (number, (status, done)) in heard.into_iter().enumerate() {
        listening.answer_with(status);
        listening.sign_in_and_out(&app, &format!("{number}@example.org")).await;
        assert_eq!(deliver(&app).await, 1);
        let states = logout_deliveries::states(&app.state.store).await;
        assert!(states.contains(&(1, done, false)), "{status}: {states:?}");
        assert_eq!(states.iter().filter(|state| state.1).count(), (number + 1).min(2), "{status}");
    }
    for _ in heard {
        assert_eq!(listening.calls.recv().await.unwrap().0, SECRET_PATH);
    }
    assert!(listening.calls.try_recv().is_err());
}

#[tokio::test]
async fn of_two_servers_one_tells_the_app_and_the_other_takes_over_if_it_dies() {
    let app = TestApp::with(Backend::Postgres, &[]).await;
    let other = app.another_node().await;
    let listening = App::start(&app, "RS256").await;
    listening.sign_in_and_out(&app, "ada@example.org").await;
    let (here, there) = tokio::join!(claim(&app), claim(&other));
    let claimed = [here, there].concat();
    assert_eq!(claimed.len(), 1);
    app.advance(60 * SECOND);
    assert_eq!(deliver(&other).await, 1);
    // The first one is late: what it notes now is nobody's business any more.
    listening.answer_with(StatusCode::BAD_REQUEST);
    deliver_one(&app, &claimed[0]).await;
    assert_eq!(logout_deliveries::states(&app.state.store).await, [(1, true, false)]);
}

#[tokio::test]
async fn a_hundred_apps_that_hang_keep_no_other_from_hearing_within_two_seconds() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let (mut hanging, mut honest) = (App::start(&app, "ES256").await, App::start(&app, "ES256").await);
        hanging.answer_with(HANGS);
        for number in 0..100 {
            let client = hanging.another(&app).await;
            end_sessions(&app, &client, 5 * number..5 * number + 5).await;
        }
        honest.sign_in_and_out(&app, "ada@example.org").await;
        let task = tokio::spawn(tasks::logout_deliveries::run(app.state.clone()));
        let heard = timeout(2 * SECOND, honest.calls.recv()).await;
        assert!(heard.is_ok(), "{backend:?}: the app waits for those that were called for the first time");
        // Now all of them are known to be slow, and many of their calls are still under way.
        timeout(60 * SECOND, hanging.calls.recv()).await.unwrap().unwrap();
        honest.sign_in_and_out(&app, "bob@example.org").await;
        let heard = timeout(2 * SECOND, honest.calls.recv()).await;
        assert!(heard.is_ok(), "{backend:?}: the app waits for the slow ones");
        task.abort();
    }
}

#[tokio::test]
async fn an_app_that_is_slow_to_answer_has_heard_at_the_first_attempt() {
    let app = TestApp::start().await;
    let listening = App::start(&app, "ES256").await;
    listening.answer_with(SLOW);
    listening.sign_in_and_out(&app, "ada@example.org").await;
    let task = tokio::spawn(tasks::logout_deliveries::run(app.state.clone()));
    is_delivered(&app).await;
    task.abort();
}

/// Has an app told of the end of so many sessions.
async fn end_sessions(app: &TestApp, client: &ClientId, numbers: Range<usize>) {
    let (user, now) = (UserId::parse(session_id(0).as_str()).unwrap(), app.clock.now());
    let ended = numbers.map(|n| ClientSession {
        id: ClientSessionId::parse(session_id(n).as_str()).unwrap(),
        session: Some(session_id(n)),
        user: user.clone(),
        client: client.clone(),
        created_at: now,
        revoked: true,
    });
    let ended: Vec<_> = ended.collect();
    let named: Vec<_> = ended.iter().map(|ended| (ended.id.to_string(), ended)).collect();
    let mut tx = app.state.store.begin().await.unwrap();
    logout_deliveries::enqueue(&mut tx, &named, now).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn no_more_are_claimed_than_there_is_room_for() {
    let app = TestApp::start().await;
    let (first, second) = (App::start(&app, "ES256").await, App::start(&app, "ES256").await);
    end_sessions(&app, &first.client.id, 0..10).await;
    second.sign_in_and_out(&app, "ada@example.org").await;
    let room = |due: Vec<ClientId>| {
        assert!(due.contains(&first.client.id), "{due:?}");
        vec![(first.client.id.clone(), 4)]
    };
    let claim = async || backchannel::claim(&app.state, room).await.unwrap().len();
    assert_eq!((claim().await, claim().await, claim().await), (4, 4, 2));
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_a_week() {
    let app = TestApp::start().await;
    let listening = App::start(&app, "RS256").await;
    listening.sign_in_and_out(&app, "ada@example.org").await;
    assert_eq!(deliver(&app).await, 1);
    app.advance(7 * DAY);
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    assert_eq!(logout_deliveries::states(&app.state.store).await.len(), 1);
    app.advance(SECOND);
    housekeeping::delete_expired(&app.state, app.clock.now()).await.unwrap();
    assert!(logout_deliveries::states(&app.state.store).await.is_empty());
}

pub const GOODBYE: &str = "https://app.example.org/goodbye";

/// Somebody who is signed in to an app that sends people here to sign out.
pub struct Leaving {
    pub app: TestApp,
    pub client: RelyingParty,
    pub browser: Browser,
    pub id_token: String,
}

impl Leaving {
    pub async fn new() -> Self {
        let app = TestApp::start().await;
        let settings = ClientSettings {
            trusted: Some(true),
            post_logout_uris: Some(vec![GOODBYE.to_owned()]),
            ..ClientSettings::default()
        };
        let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let tokens = client.sign_in(&app, &mut browser).await;
        Self { client, browser, id_token: tokens["id_token"].as_str().unwrap().to_owned(), app }
    }

    pub async fn send(&mut self, fields: &[(&str, &str)]) -> Answer {
        self.browser.get(&format!("/oauth/logout?{}", encode(fields))).await
    }

    /// Sends the browser here, expects to be asked, and answers the form that stands on the page.
    pub async fn asked(&mut self, fields: &[(&str, &str)]) -> Answer {
        let page = self.send(fields).await;
        page.assert_status(200);
        assert!(page.body.contains(">Sign out</button>"), "{page:?}");
        assert!(self.is_signed_in().await, "nothing has ended yet");
        let hidden: Vec<_> =
            page.body.split("name=\"").skip(2).map(|rest| rest.split('"').next().unwrap()).collect();
        let sent: Vec<_> = fields.iter().filter(|(name, _)| hidden.contains(name)).copied().collect();
        let answer = self.browser.submit("/oauth/logout", "/oauth/logout/confirm", &sent).await;
        assert!(!self.is_signed_in().await, "{answer:?}");
        answer
    }

    /// Whether a page knows who loads it, and the app's session is alive.
    pub async fn is_signed_in(&mut self) -> bool {
        self.browser.clone().get("/dashboard").await.status == 200
    }

    /// Checks that the request leads nowhere: the person is asked, and stays here.
    pub async fn stays(&mut self, fields: &[(&str, &str)]) {
        let answer = self.asked(fields).await;
        assert_stays(&answer);
    }
}

#[track_caller]
pub fn assert_stays(answer: &Answer) {
    answer.assert_status(200);
    assert!(answer.body.contains("You are signed out"), "{answer:?}");
    assert_eq!((answer.header("location"), answer.header("refresh")), (None, None));
}

#[tokio::test]
async fn an_id_token_of_another_session_spares_no_question() {
    let mut leaving = Leaving::new().await;
    let hint = leaving.id_token.clone();
    leaving.browser = leaving.app.sign_up("mallory@example.org").await;
    let answer = leaving.asked(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE)]).await;
    assert!(answer.header("refresh").unwrap().ends_with(GOODBYE), "{answer:?}");
}

#[tokio::test]
async fn a_hint_that_names_another_app_than_the_request_counts_for_nothing() {
    let mut leaving = Leaving::new().await;
    let (hint, other) = (leaving.id_token.clone(), RelyingParty::trusted(&leaving.app).await.id.to_string());
    let fields = [
        ("id_token_hint", hint.as_str()),
        ("client_id", other.as_str()),
        ("post_logout_redirect_uri", GOODBYE),
    ];
    leaving.stays(&fields).await;
}

#[tokio::test]
async fn an_access_token_is_no_hint() {
    let mut leaving = Leaving::new().await;
    let tokens = leaving.client.sign_in(&leaving.app, &mut leaving.browser).await;
    leaving.stays(&[("id_token_hint", tokens["access_token"].as_str().unwrap())]).await;
}

#[tokio::test]
async fn an_expired_hint_counts_after_its_key_is_gone_unless_that_was_revoked() {
    for revoked in [false, true] {
        let mut leaving = Leaving::new().await;
        let hint = leaving.id_token.clone();
        leaving.app.advance(7200 * SECOND);
        let now = leaving.app.clock.now();
        let header = BASE64.decode(hint.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        let kid = header["kid"].as_str().unwrap();
        let mut tx = leaving.app.state.store.begin().await.unwrap();
        if revoked {
            signing_keys::revoke(&mut tx, kid, now).await.unwrap();
        } else {
            signing_keys::retire(&mut tx, kid, Some(now), Some(now)).await.unwrap();
            signing_keys::forget_private(&mut tx, now).await.unwrap();
        }
        tx.commit().await.unwrap();
        leaving.app.state.reload_keys().await.unwrap();
        assert!(leaving.app.state.tokens.keys.verifying(kid, now).is_none());
        if revoked {
            leaving.stays(&[("id_token_hint", &hint)]).await;
        } else {
            assert_stays(&leaving.send(&[("id_token_hint", &hint)]).await);
            assert!(!leaving.is_signed_in().await);
        }
    }
}

#[tokio::test]
async fn a_logout_that_an_app_posts_goes_on_with_a_get() {
    let mut leaving = Leaving::new().await;
    let hint = leaving.id_token.clone();
    let fields = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", GOODBYE),
        ("state", STATE),
        ("decision", "yes"),
    ];
    let mut form = Browser::form("/oauth/logout", encode(&fields));
    form.headers_mut().insert("origin", "https://app.example.org".parse().unwrap());
    form.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    // The browser sends no Lax cookie with it.
    let answer = leaving.app.browser().send(form).await;
    answer.assert_status(303);
    let path = answer.location().strip_prefix("http://localhost:3000").unwrap().to_owned();
    assert!(path.starts_with("/oauth/logout?") && !path.contains("decision"), "{path}");
    assert!(leaving.is_signed_in().await);
    let answer = leaving.browser.get(&path).await;
    assert_eq!(answered(&answer)["state"], STATE);
    assert!(!leaving.is_signed_in().await);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_confirm_a_logout() {
    let mut leaving = Leaving::new().await;
    let mut form = Browser::form("/oauth/logout/confirm", "");
    form.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    leaving.browser.send(form).await.assert_error(403, "cross_site");
    assert!(leaving.is_signed_in().await);
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_back_at_once_and_what_an_app_sends_is_text() {
    let mut leaving = Leaving::new().await;
    let page = leaving.send(&[("state", "\"><script>alert(1)</script>")]).await;
    assert!(!page.body.contains("<script"), "{page:?}");
    assert!(page.header("content-security-policy").unwrap().contains("form-action 'self'"));
    leaving.browser = leaving.app.browser();
    let client = leaving.client.id.to_string();
    let answer = leaving.send(&[("client_id", &client), ("post_logout_redirect_uri", GOODBYE)]).await;
    assert_eq!(answer.assert_status(303).location(), GOODBYE);
    let metadata = leaving.browser.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["end_session_endpoint"], "http://localhost:3000/oauth/logout");
}
