//! Attacks on access tokens, against the running program and every algorithm.

use std::{io, sync::Arc};

use aws_lc_rs::hmac;
use axum::{body::Body, http::Request};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use serde_json::{Value, json};

use crate::{
    server::{
        crypto::algorithm::Algorithm,
        keys::{key_set::SigningKey, line::KeyLine, private_key::PrivateKey},
        store::counted,
        tokens::verify::{TokenError, verify},
    },
    tests::test_app::{BEGINNING, Backend, Browser, Log, PASSWORD, TestApp},
};

/// A signed-in browser of a program with one algorithm, and what an attacker would work with.
struct Target {
    app: TestApp,
    browser: Browser,
    token: String,
    header: Value,
    claims: Value,
    key: Arc<SigningKey>,
}

impl Target {
    async fn new(algorithm: Algorithm) -> Self {
        let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_TOKENS_ALGORITHM", algorithm.as_str())]).await;
        let browser = app.sign_up("ada@example.org").await;
        let token = browser.access_token.clone().unwrap();
        let part = |n: usize| {
            serde_json::from_slice(&BASE64.decode(token.split('.').nth(n).unwrap()).unwrap()).unwrap()
        };
        let key = app.state.tokens.keys.active(KeyLine::Portal, app.clock.now()).unwrap();
        Self { header: part(0), claims: part(1), app, browser, token, key }
    }

    /// Each algorithm in turn.
    async fn each(test: impl AsyncFn(Self)) {
        for (_, algorithm) in Algorithm::NAMES {
            test(Self::new(algorithm).await).await;
        }
    }

    /// A token with another header and other claims, signed with the program's own key.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        self.key.sign_anything(&header.to_string(), &claims.to_string())
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        self.signed(&with(&self.header, name, value), &self.claims)
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        self.signed(&self.header, &with(&self.claims, name, value))
    }

    fn signature(&self) -> &str {
        self.token.rsplit('.').next().unwrap()
    }

    #[track_caller]
    fn assert_reason(&self, token: &str, reason: TokenError) {
        let verified =
            verify(token, &self.app.state.tokens.keys, &self.app.state.config.tokens, self.app.clock.now());
        assert_eq!(verified.err(), Some(reason), "{:?} {token}", self.key.algorithm);
    }

    /// Refused by the program, in the same words whatever the reason.
    async fn assert_refused(&self, token: &str) {
        let answer = self.browser.get_with_token("/oauth/userinfo", Some(token)).await;
        answer.assert_error(401, "invalid_token");
        assert_eq!(
            answer.json(),
            json!({ "code": "invalid_token", "message": "The access token is not valid." })
        );
    }
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

#[tokio::test]
async fn a_token_says_what_rfc_9068_wants_and_nothing_personal() {
    Target::each(async |target| {
        let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&target.header), ["alg", "kid", "typ"]);
        assert_eq!(target.header["typ"], "at+jwt");
        assert_eq!(target.header["alg"], target.key.algorithm.as_str());
        assert_eq!(
            names(&target.claims),
            [
                "acr",
                "amr",
                "aud",
                "auth_time",
                "client_id",
                "exp",
                "iat",
                "iss",
                "jti",
                "roles",
                "sid",
                "sub"
            ]
        );
        assert_eq!(target.claims["exp"].as_i64().unwrap() - target.claims["iat"].as_i64().unwrap(), 900);
        assert!(!target.claims.to_string().contains("ada@example.org"));
        target.browser.use_token().await.assert_status(200);
    })
    .await;
}

#[tokio::test]
async fn alg_none_is_refused_in_any_spelling() {
    Target::each(async |target| {
        for alg in ["none", "None", "NONE", "nOnE", "", " none", "none\0"] {
            let header = BASE64.encode(with(&target.header, "alg", json!(alg)).to_string());
            let claims = BASE64.encode(target.claims.to_string());
            for token in [
                format!("{header}.{claims}."),
                format!("{header}.{claims}"),
                format!("{header}.{claims}.{}", target.signature()),
            ] {
                target.assert_refused(&token).await;
            }
        }
        let (message, _) = target.token.rsplit_once('.').unwrap();
        for token in [
            format!("{message}."),
            message.to_owned(),
            format!("{message}.AA"),
            format!("{message}.{}", BASE64.encode([0; 64])),
        ] {
            target.assert_refused(&token).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_public_key_is_not_accepted_as_an_hmac_secret() {
    Target::each(async |target| {
        let jwks = target.app.browser().get("/.well-known/jwks.json").await.body;
        let jwk = target
            .key
            .private()
            .public_jwk()
            .map(|jwk| serde_json::to_string(&jwk).unwrap())
            .unwrap_or_default();
        let der = match target.key.private() {
            PrivateKey::Es256(pair) => aws_lc_rs::signature::KeyPair::public_key(pair).as_ref().to_vec(),
            PrivateKey::EdDsa(pair) => aws_lc_rs::signature::KeyPair::public_key(&**pair).as_ref().to_vec(),
            PrivateKey::Rs256(pair) => aws_lc_rs::signature::KeyPair::public_key(&**pair).as_ref().to_vec(),
            PrivateKey::Hs256(_) => Vec::new(),
        };
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64_STANDARD.encode(&der)
        );
        let secrets = [
            jwks.as_bytes(),
            jwk.as_bytes(),
            &der,
            pem.as_bytes(),
            pem.trim().as_bytes(),
            b"",
            b"\0",
            b"secret",
            &[0; 32],
        ];
        for secret in secrets {
            let header = BASE64.encode(with(&target.header, "alg", json!("HS256")).to_string());
            let message = format!("{header}.{}", BASE64.encode(target.claims.to_string()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            target.assert_refused(&format!("{message}.{}", BASE64.encode(tag))).await;
        }
    })
    .await;
}

#[tokio::test]
async fn jwk_jku_and_x5u_headers_are_ignored() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    Target::each(async |target| {
        let foreign = Target::new(Algorithm::Es256).await;
        let jwk = serde_json::to_value(foreign.key.private().public_jwk().unwrap()).unwrap();
        for (name, value) in
            [("jwk", jwk), ("jku", json!(url)), ("x5u", json!(url)), ("x5c", json!(["MIIB"]))]
        {
            for header in [
                with(&foreign.header, name, value.clone()),
                without(&with(&foreign.header, name, value), "kid"),
            ] {
                target.assert_refused(&foreign.signed(&header, &target.claims)).await;
            }
        }
        // Another program's token, whole.
        target.assert_refused(&foreign.token).await;
    })
    .await;
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody was to call");
}

#[tokio::test]
async fn a_kid_is_only_looked_up_among_our_own_keys() {
    Target::each(async |target| {
        let long = "k".repeat(10_000);
        for kid in
            ["../../etc/passwd", "/dev/null", "' OR 1=1 --", "a\0b", "", long.as_str(), "file:///data/secret"]
        {
            target.assert_refused(&target.with_header("kid", json!(kid))).await;
        }
        for kid in [Value::Null, json!(7), json!(["a"]), json!({})] {
            target.assert_refused(&target.with_header("kid", kid)).await;
        }
        target.assert_reason(
            &target.signed(&without(&target.header, "kid"), &target.claims),
            TokenError::UnknownKey,
        );
    })
    .await;
}

#[tokio::test]
async fn the_algorithm_is_the_keys_and_no_other() {
    Target::each(async |target| {
        for alg in
            ["ES256", "EdDSA", "RS256", "HS256", "ES384", "PS256", "HS512", "es256", "Ed25519", "ES256K"]
        {
            if alg != target.key.algorithm.as_str() {
                target.assert_reason(&target.with_header("alg", json!(alg)), TokenError::Algorithm);
            }
        }
        target.assert_refused(&target.with_header("alg", json!(7))).await;
        target.assert_refused(&target.signed(&without(&target.header, "alg"), &target.claims)).await;
    })
    .await;
}

#[tokio::test]
async fn tokens_of_another_type_are_refused() {
    Target::each(async |target| {
        for typ in ["JWT", "jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "dpop+jwt", ""] {
            target.assert_reason(&target.with_header("typ", json!(typ)), TokenError::Type);
        }
        target
            .assert_reason(&target.signed(&without(&target.header, "typ"), &target.claims), TokenError::Type);
        for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!("x"), json!(7)] {
            target.assert_reason(&target.with_header("crit", crit), TokenError::Critical);
        }
    })
    .await;
}

#[tokio::test]
async fn time_claims_must_be_integers_and_are_enforced() {
    Target::each(async |target| {
        let now = target.app.clock.now().seconds();
        let wrong = [
            json!("1767225600"),
            json!(1_767_225_600.5),
            json!(1e300),
            json!(null),
            json!([now]),
            json!(u64::MAX),
        ];
        for claim in ["exp", "iat"] {
            for value in wrong.clone() {
                target.assert_reason(&target.with_claim(claim, value), TokenError::Claims);
            }
            target.assert_reason(
                &target.signed(&target.header, &without(&target.claims, claim)),
                TokenError::Claims,
            );
        }
        for value in wrong.iter().filter(|value| !value.is_null()) {
            target.assert_reason(&target.with_claim("nbf", value.clone()), TokenError::Claims);
        }
        for (claim, value, reason) in [
            ("exp", now, TokenError::Expired),
            ("exp", now - 1, TokenError::Expired),
            ("exp", 0, TokenError::Expired),
            ("exp", -1, TokenError::Expired),
            ("exp", i64::MIN, TokenError::Expired),
            ("exp", i64::MAX, TokenError::Lifetime),
            ("exp", now + 86_401, TokenError::Lifetime),
            ("iat", now + 6, TokenError::Lifetime),
            ("iat", i64::MAX, TokenError::Lifetime),
            ("iat", -1, TokenError::Lifetime),
            ("nbf", now + 6, TokenError::Lifetime),
            ("nbf", i64::MAX, TokenError::Lifetime),
        ] {
            target.assert_reason(&target.with_claim(claim, json!(value)), reason);
            target.assert_refused(&target.with_claim(claim, json!(value))).await;
        }
        // Another node's clock may be five seconds ahead.
        for (claim, value) in [("iat", now + 5), ("nbf", now + 5), ("nbf", now - 1000), ("nbf", -5)] {
            let answer = target
                .browser
                .get_with_token("/oauth/userinfo", Some(&target.with_claim(claim, json!(value))))
                .await;
            answer.assert_status(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_with_another_issuer_or_audience_is_refused() {
    Target::each(async |target| {
        for (claim, value, reason) in [
            ("iss", json!("https://evil.example"), TokenError::Issuer),
            ("iss", json!("http://localhost:3000/"), TokenError::Issuer),
            ("aud", json!("https://other.example"), TokenError::Audience),
            ("aud", json!(["http://localhost:3000"]), TokenError::Claims),
            ("sub", json!(""), TokenError::Claims),
            ("sub", json!("' OR 1=1 --"), TokenError::Claims),
            ("sub", json!(7), TokenError::Claims),
            ("jti", json!("other"), TokenError::Claims),
            ("sid", json!("other"), TokenError::Claims),
            ("roles", json!(["root"]), TokenError::Claims),
            ("roles", json!("admin"), TokenError::Claims),
            ("client_id", json!("other"), TokenError::Claims),
        ] {
            target.assert_reason(&target.with_claim(claim, value), reason);
        }
        for claim in ["iss", "aud", "sub", "client_id", "jti", "sid", "roles", "auth_time"] {
            target.assert_reason(
                &target.signed(&target.header, &without(&target.claims, claim)),
                TokenError::Claims,
            );
        }
    })
    .await;
}

#[tokio::test]
async fn duplicate_claims_nested_tokens_and_huge_tokens_are_refused() {
    Target::each(async |target| {
        let twice =
            target.claims.to_string().replacen('{', r#"{"sub":"019a0000-0000-7000-8000-00000000abcd","#, 1);
        target
            .assert_reason(&target.key.sign_anything(&target.header.to_string(), &twice), TokenError::Claims);
        let header = target.header.to_string().replacen('{', r#"{"alg":"none","#, 1);
        target.assert_reason(
            &target.key.sign_anything(&header, &target.claims.to_string()),
            TokenError::Header,
        );
        target.assert_reason(
            &target.key.sign_anything(&target.header.to_string(), &target.token),
            TokenError::Claims,
        );
        let cty = with(&target.header, "cty", json!("JWT"));
        target.assert_reason(&target.key.sign_anything(&cty.to_string(), &target.token), TokenError::Claims);
        target.assert_reason(&target.with_claim("padding", json!("x".repeat(100_000))), TokenError::TooLong);
        for text in ["", ".", "..", "...", "a.b", "{}.{}.{}", "=.=.=", "\u{1f511}.\u{1f511}.\u{1f511}"] {
            let refused = verify(
                text,
                &target.app.state.tokens.keys,
                &target.app.state.config.tokens,
                target.app.clock.now(),
            );
            assert!(refused.is_err(), "{text}");
        }
        for deep in ["[".repeat(1500), "{\"a\":".repeat(500)] {
            target.assert_reason(
                &target.key.sign_anything(&target.header.to_string(), &deep),
                TokenError::Claims,
            );
        }
    })
    .await;
}

#[tokio::test]
async fn no_proper_prefix_and_no_flipped_bit_is_a_token() {
    Target::each(async |target| {
        let (keys, config, now) =
            (&target.app.state.tokens.keys, &target.app.state.config.tokens, target.app.clock.now());
        for length in 0..target.token.len() {
            assert!(verify(&target.token[..length], keys, config, now).is_err(), "prefix of {length}");
        }
        let extended = ["A", "=", ".", " ", "\n"].map(|more| format!("{}{more}", target.token));
        assert!(extended.iter().all(|token| verify(token, keys, config, now).is_err()));
        for at in 0..target.token.len() * 8 {
            let mut bytes = target.token.as_bytes().to_vec();
            bytes[at / 8] ^= 1 << (at % 8);
            let Ok(flipped) = String::from_utf8(bytes) else { continue };
            assert!(
                verify(&flipped, keys, config, now).is_err(),
                "bit {at} of a {:?} token",
                target.key.algorithm
            );
        }
        assert!(verify(&target.token, keys, config, now).is_ok());
    })
    .await;
}

/// ECDSA signatures are malleable: (r, s) and (r, n − s) both verify. A denylist of token hashes would miss the twin.
#[tokio::test]
async fn a_malleable_ecdsa_signature_does_not_bypass_revocation() {
    let mut target = Target::new(Algorithm::Es256).await;
    let (message, signature) = target.token.rsplit_once('.').unwrap();
    let mut signature = BASE64.decode(signature).unwrap();
    let negated = negate(&signature[32..]);
    signature[32..].copy_from_slice(&negated);
    let twin = format!("{message}.{}", BASE64.encode(signature));
    target.browser.get_with_token("/oauth/userinfo", Some(&twin)).await.assert_status(200);
    target.browser.sign_out().await.assert_status(200);
    target.assert_refused(&target.token.clone()).await;
    target.assert_refused(&twin).await;
}

/// n − s for the order n of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3).
fn negate(s: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut out = ORDER.to_vec();
    let mut borrow = 0i16;
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(s[at]) - borrow;
        borrow = i16::from(digit < 0);
        out[at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    out
}

#[tokio::test]
async fn the_authorization_header_is_parsed_as_rfc_6750_says() {
    let target = Target::new(Algorithm::Es256).await;
    let send = async |values: &[&str]| {
        let mut request = Request::builder().uri("/oauth/userinfo");
        for value in values {
            request = request.header("authorization", *value);
        }
        target.browser.send_and_forget(request.body(Body::empty()).unwrap()).await
    };
    let good = format!("Bearer {}", target.token);
    send(&[&good]).await.assert_status(200);
    send(&[&good.replace("Bearer", "bEARER")]).await.assert_status(200);
    send(&[&good, &good]).await.assert_error(401, "invalid_token");
    for other in [format!("Basic {}", target.token), target.token.clone(), "Bearer".to_owned(), String::new()]
    {
        send(&[&other]).await.assert_error(401, "missing_token");
    }
    // A token in the address or in the form is not looked at (RFC 6750 §2.2 and §2.3).
    let in_query = format!("/oauth/userinfo?access_token={}", target.token);
    target.browser.get_with_token(&in_query, None).await.assert_error(401, "missing_token");
}

#[tokio::test]
async fn a_role_change_makes_tokens_stale_and_signs_nobody_out() {
    let app = TestApp::start().await;
    let mut browser = app.sign_in_as("ada@example.org", "editor").await;
    browser.use_token().await.assert_status(200);
    app.set_roles("ada@example.org", "admin").await;
    browser.use_token().await.assert_error(401, "invalid_token");
    // In the same millisecond, with the clock standing still: the new token is not stale.
    let refreshed = browser.refresh().await;
    refreshed.assert_status(200);
    assert_eq!(refreshed.json()["user"]["roles"], json!(["member", "admin"]));
    let answer = browser.use_token().await;
    answer.assert_status(200);
    assert_eq!(answer.json()["roles"], json!(["member", "admin"]));

    let restarted = app.restart().await;
    let mut again = restarted.browser();
    again.cookies.clone_from(&browser.cookies);
    again.access_token.clone_from(&browser.access_token);
    again.use_token().await.assert_status(200);
}

#[tokio::test]
async fn verification_reads_no_database_and_still_refuses_revoked_tokens() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let mut other = app.browser();
    other.sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let (kept, revoked) = (browser.access_token.clone().unwrap(), other.access_token.clone().unwrap());
    other.sign_out().await.assert_status(200);

    let before = counted::so_far();
    for _ in 0..10 {
        assert!(app.state.tokens.verify(&kept, app.clock.now()).is_ok());
        assert!(app.state.tokens.verify(&revoked, app.clock.now()).is_err());
    }
    assert_eq!(counted::so_far(), before, "statements while verifying");
    // And with no database at all.
    app.state.store.close().await;
    assert!(app.state.tokens.verify(&kept, app.clock.now()).is_ok());
    browser.get_with_token("/oauth/userinfo", Some(&revoked)).await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn a_cached_token_still_expires() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    for _ in 0..3 {
        browser.use_token().await.assert_status(200);
    }
    app.advance(std::time::Duration::from_millis(899_999));
    browser.use_token().await.assert_status(200);
    app.advance(std::time::Duration::from_millis(1));
    browser.use_token().await.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn a_clock_skew_of_up_to_five_seconds_is_accepted() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let token = browser.access_token.clone().unwrap();
    // This node's clock behind the one that signed: by up to five seconds it is still good, by two minutes it is not.
    for (behind, refused) in [(5, None), (6, Some(TokenError::Lifetime)), (120, Some(TokenError::Lifetime))] {
        let now = BEGINNING - std::time::Duration::from_secs(behind);
        assert_eq!(
            verify(&token, &app.state.tokens.keys, &app.state.config.tokens, now).err(),
            refused,
            "{behind}"
        );
    }
    // Ahead by two minutes: the token is that much older. It expires that much earlier, and not before.
    app.clock.set(BEGINNING + std::time::Duration::from_secs(120));
    browser.use_token().await.assert_status(200);
    // A clock that stands still lets nothing expire, and nothing else goes wrong.
    for _ in 0..3 {
        browser.clone().refresh().await.assert_status(200);
        browser.use_token().await.assert_status(200);
    }
}

#[tokio::test]
async fn the_log_has_the_reason_and_never_a_token_a_cookie_or_a_password() {
    let log = Log::capture();
    let mut target = Target::new(Algorithm::Es256).await;
    let forged = target.with_claim("iss", json!("https://forged-issuer.example"));
    target.assert_refused(&forged).await;
    target.assert_refused(&target.with_claim("padding", json!("Z".repeat(10_000)))).await;
    target.browser.sign_in("ada@example.org", "a wrong password typed here").await.assert_status(401);
    target.browser.refresh().await.assert_status(200);
    target.browser.get("/dashboard?token=in-the-query").await.assert_status(200);
    target.browser.sign_out().await.assert_status(200);
    let log = log.text();
    assert!(
        log.contains("the issuer is another one") && log.contains("longer than any token of ours"),
        "{log}"
    );
    let of_requests = log.lines().filter(|line| line.contains("answered") || line.contains("refused"));
    assert!(
        of_requests.clone().count() > 6 && of_requests.into_iter().all(|line| line.contains(" id=")),
        "{log}"
    );
    for secret in [
        forged.as_str(),
        &target.token,
        "forged-issuer",
        "ZZZZ",
        PASSWORD,
        "a wrong password",
        "lk1.",
        "in-the-query",
        "eyJ",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
