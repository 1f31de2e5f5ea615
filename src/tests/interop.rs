//! The examples of `docs/verify.md`: shown as they are run. The Rust one is run here, the others by the browser tests'
//! suite, which has their languages.

use jsonwebtoken::jwk::JwkSet;
use serde_json::json;

use crate::{
    server::keys::line::KeyLine,
    tests::test_app::{Backend, TestApp},
};

#[path = "../../docs/verify/verify.rs"]
mod verify;

const PUBLIC_URL: &str = "http://localhost:3000";

#[tokio::test]
async fn other_libraries_verify_our_tokens_and_refuse_forged_ones() {
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_ALGORITHM", algorithm)]).await;
        // This library reads the system's clock itself.
        app.clock.set(crate::server::clock::Clock::system().now());
        let browser = app.sign_up("ada@example.org").await;
        let token = browser.access_token.clone().unwrap();
        let keys: JwkSet =
            serde_json::from_value(app.browser().get("/.well-known/jwks.json").await.json()).unwrap();
        let claims = verify::verify(&token, &keys, PUBLIC_URL, PUBLIC_URL).unwrap();
        assert_eq!(json!(claims.sub), browser.use_token().await.json()["sub"]);
        assert_eq!(claims.roles, ["member"]);

        assert!(verify::verify(&token, &keys, "https://other.example", PUBLIC_URL).is_err(), "issuer");
        assert!(verify::verify(&token, &keys, PUBLIC_URL, "https://other.example").is_err(), "audience");
        assert!(
            verify::verify(&token[..token.len() - 2], &keys, PUBLIC_URL, PUBLIC_URL).is_err(),
            "signature"
        );
        let key = app.state.tokens.keys.active(KeyLine::Portal, app.clock.now()).unwrap();
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": key.kid }).to_string();
        let other = key.sign_anything(&header, &json!({ "sub": "x", "roles": [] }).to_string());
        assert!(verify::verify(&other, &keys, PUBLIC_URL, PUBLIC_URL).is_err(), "type");
    }
}

#[test]
fn the_page_shows_the_examples_as_they_are_run() {
    let page = include_str!("../../docs/verify.md");
    let examples = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify")).unwrap();
    let examples: Vec<_> =
        examples.map(|example| std::fs::read_to_string(example.unwrap().path()).unwrap()).collect();
    assert_eq!(examples.len(), 8);
    for example in examples {
        assert!(page.contains(example.trim()), "{example}");
    }
}
