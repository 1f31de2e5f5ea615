//! Two Latchkeys, one the provider of the other, and an app: one sign-in, one sign-out.

use tokio::net::TcpListener;

use super::provider::asked;
use crate::{
    model::{oauth::client_kind::ClientKind, query, upstream::preset::Preset},
    server::{
        client_info::{ActionContext, ClientInfo},
        oauth::{backchannel, clients::ClientSettings},
        store::logout_deliveries,
        upstream::{
            ProviderSettings,
            providers::{self, NewProvider},
        },
    },
    tests::{
        relying_party::{RelyingParty, answered, is_accepted, path},
        test_app::{Backend, TestApp},
    },
};

const CALLBACK: &str = "/auth/upstream/head-office/callback";

/// A Latchkey that can be called, with its address.
async fn start(is_issuer: bool) -> (TestApp, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let settings = [("LATCHKEY_PUBLIC_URL", address.as_str())];
    let app = TestApp::with(Backend::Sqlite, if is_issuer { &settings } else { &[] }).await;
    app.serve(listener);
    (app, address)
}

/// Makes the second one a client of the first, and the first a provider of the second.
async fn connect((above, issuer): &(TestApp, String), (below, address): &(TestApp, String)) {
    let settings = ClientSettings {
        trusted: Some(true),
        redirect_uris: Some(vec![format!("http://localhost:3000{CALLBACK}")]),
        backchannel_logout_uri: Some(format!("{address}/auth/upstream/head-office/logout")),
        id_token_alg: Some("ES256".to_owned()),
        ..ClientSettings::default()
    };
    let client = RelyingParty::register(above, ClientKind::Web, settings).await;
    let new = NewProvider {
        slug: "head-office".to_owned(),
        preset: Preset::Latchkey,
        issuer: Some(issuer.clone()),
    };
    let settings = ProviderSettings {
        name: Some("Head office".to_owned()),
        client_id: Some(client.id.to_string()),
        client_secret: client.secret,
        sign_up: Some("open".to_owned()),
        private_address: Some(true),
        ..ProviderSettings::default()
    };
    let client = ClientInfo::command_line();
    let context = ActionContext { now: below.clock.now(), client: &client };
    providers::add(&below.state, context, None, &new, &settings).await.unwrap();
}

#[tokio::test]
async fn two_latchkeys_and_an_app_are_one_sign_in_and_one_sign_out() {
    let (above, below) = (start(true).await, start(false).await);
    connect(&above, &below).await;
    let ((above, issuer), (below, _)) = (above, below);
    let mut there = above.sign_up("ada@example.org").await;
    let settings = ClientSettings {
        trusted: Some(true),
        backchannel_logout_uri: Some("https://app.example.org/logout".to_owned()),
        ..ClientSettings::default()
    };
    let app = RelyingParty::register(&below, ClientKind::Web, settings).await;

    // The app sends the browser to the one below, which sends it on to the one above, where somebody is signed in.
    let mut here = below.browser();
    let question = here.get(&path(&app.request())).await.location().to_owned();
    let sign_in = here.get(&question).await.location().to_owned();
    let next = query::parameter(sign_in.split_once('?').unwrap().1, "next").unwrap();
    let led = here.submit(&sign_in, "/auth/upstream/head-office", &[("next", &next)]).await;
    assert_eq!(asked(&led)["scope"], "openid profile email groups roles");
    let address = led.header("refresh").unwrap().strip_prefix("0; url=").unwrap().to_owned();
    let returned = there.get(address.strip_prefix(&issuer).unwrap()).await;
    let returned = returned.assert_status(303).location().strip_prefix("http://localhost:3000").unwrap();
    let back = here.get(returned).await;
    let code = answered(&here.get(back.assert_status(303).location()).await)["code"].clone();
    let tokens = app.redeem(&below, &code).await.assert_status(200).json();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert!(is_accepted(&below, access_token).await);
    assert_eq!(below.user("ada@example.org").await.display_name.as_str(), "Somebody");

    // Signing out above ends what is below, and the app is to be told.
    there.sign_out().await.assert_status(200);
    let all = |clients: Vec<_>| clients.into_iter().map(|client| (client, 10)).collect();
    let claimed = backchannel::claim(&above.state, all).await.unwrap();
    assert_eq!(claimed.len(), 1);
    backchannel::deliver(&above.state, &claimed[0], std::future::pending()).await.unwrap();
    assert_eq!(logout_deliveries::states(&above.state.store).await, [(1, true, false)]);
    here.refresh().await.assert_error(401, "session_revoked");
    assert!(!is_accepted(&below, access_token).await);
    app.refresh(&below, tokens["refresh_token"].as_str().unwrap()).await.assert_refused(400, "invalid_grant");
    assert_eq!(logout_deliveries::states(&below.state.store).await, [(0, false, false)]);
}
