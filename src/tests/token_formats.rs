//! Services that get their access tokens in a form of their own: encrypted for them, or as PASETO.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, PrivateKey},
    encoding::{AsBigEndian, EcPrivateKeyBin},
    rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey},
    signature::{KeyPair, RsaKeyPair, RsaPublicKeyComponents},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use super::{
    client_tokens::{Granted, part},
    oauth_clients::{Registered, add_client},
};
use crate::{
    model::oauth::resource::Resources,
    server::{
        accounts::administer,
        client_info::{ActionContext, ClientInfo},
        error::Error,
        oauth::{
            clients::{self, ClientSettings},
            error::OAuthCode,
            resources::{self, ResourceSettings},
        },
        store::{resources::ResourceRecord, users::User},
    },
    tests::test_app::{Backend, TestApp},
};

#[path = "../../docs/verify/encrypted.rs"]
mod encrypted;

pub const SERVICE: &str = "https://api.example.org";
const OTHER: &str = "https://other.example.org";

/// What a service keeps to itself, to open its tokens.
pub enum Opener {
    Ec(PrivateKey),
    Rsa(OaepPrivateDecryptingKey),
}

impl Opener {
    /// A key, and its public half as it is registered.
    pub fn ec() -> (Self, Value) {
        let private = PrivateKey::generate(&ECDH_P256).unwrap();
        let public = private.compute_public_key().unwrap();
        let (x, y) = public.as_ref()[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": BASE64.encode(x), "y": BASE64.encode(y), "alg": "ECDH-ES", "use": "enc", "kid": "mine" });
        (Self::Ec(private), jwk)
    }

    pub fn rsa() -> (Self, Value) {
        use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = private.as_der().unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.as_ref()).unwrap();
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let jwk = json!({ "kty": "RSA", "n": BASE64.encode(public.n), "e": BASE64.encode(public.e) });
        (Self::Rsa(OaepPrivateDecryptingKey::new(private).unwrap()), jwk)
    }

    /// The signed token inside an encrypted one; nothing if it was touched.
    pub fn open(&self, token: &str) -> Option<String> {
        match self {
            Self::Ec(private) => encrypted::open(token, private),
            Self::Rsa(private) => open_with_rsa(token, private),
        }
    }
}

/// Opens a token as RFC 7516 §5.2 says.
fn open_with_rsa(token: &str, private: &OaepPrivateDecryptingKey) -> Option<String> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, encrypted_key, nonce, content, tag] = parts[..] else { return None };
    let decode = |text: &str| BASE64.decode(text).ok();
    let mut key = vec![0; private.min_output_size()];
    let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, &decode(encrypted_key)?, &mut key, None).ok()?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(&decode(nonce)?).ok()?;
    let mut sealed = [decode(content)?, decode(tag)?].concat();
    let opened = cipher.open_in_place(nonce, Aad::from(header.as_bytes()), &mut sealed).ok()?;
    String::from_utf8(opened.to_vec()).ok()
}

pub struct Setup {
    pub app: TestApp,
    ada: User,
    client: Registered,
}

impl Setup {
    pub async fn new() -> Self {
        Self::on(Backend::Sqlite).await
    }

    async fn on(backend: Backend) -> Self {
        let app = TestApp::with(backend, &[]).await;
        app.sign_up("ada@example.org").await;
        let ada = app.user("ada@example.org").await;
        let both = Resources::parse(&format!("{SERVICE} {OTHER}")).unwrap();
        let client = add_client(&app, |client| client.resources = both).await;
        Self { app, ada, client }
    }

    pub fn granted<'a>(&'a self, resources: &'a str) -> Granted<'a> {
        Granted { client: &self.client.client, user: Some(&self.ada), scopes: "openid read", resources }
    }

    pub async fn set(&self, settings: ResourceSettings) -> Result<ResourceRecord, Error> {
        let client = ClientInfo::command_line();
        let context = ActionContext { now: self.app.clock.now(), client: &client };
        match resources::add(&self.app.state, context, SERVICE, &settings).await {
            Err(Error::Invalid(fields)) if fields.contains_key("resource") => {
                resources::update(&self.app.state, context, SERVICE, &settings).await
            }
            outcome => outcome,
        }
    }

    async fn encrypt_for(&self, jwk: &Value) {
        let settings =
            ResourceSettings { encryption_key: Some(jwk.to_string()), ..ResourceSettings::default() };
        self.set(settings).await.unwrap();
    }

    async fn ask_for_paseto(&self) {
        let settings =
            ResourceSettings { token_format: Some("paseto".to_owned()), ..ResourceSettings::default() };
        self.set(settings).await.unwrap();
    }

    pub async fn token(&self) -> String {
        self.granted(SERVICE).access_token(&self.app).await
    }

    async fn is_active(&self, token: &str) -> bool {
        self.client.introspect(&self.app, token).await.json()["active"] == true
    }
}

#[tokio::test]
async fn a_service_with_a_key_gets_tokens_that_only_it_can_open() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let setup = Setup::on(backend).await;
        for ((opener, jwk), algorithm) in [(Opener::ec(), "ECDH-ES"), (Opener::rsa(), "RSA-OAEP-256")] {
            setup.encrypt_for(&jwk).await;
            let token = setup.token().await;
            let header = part(&token, 0);
            assert_eq!(
                (&header["alg"], &header["enc"], &header["cty"]),
                (&json!(algorithm), &json!("A256GCM"), &json!("JWT"))
            );
            assert_eq!(header["kid"], jwk["kid"]);
            let inner = opener.open(&token).unwrap();
            assert_eq!(part(&inner, 0)["typ"], "at+jwt");
            // It is for the service alone, although its client signs people in: userinfo could not read it.
            assert_eq!(part(&inner, 1)["aud"], SERVICE);
            assert_eq!(part(&inner, 1)["sub"], json!(setup.ada.id));
            assert!(setup.is_active(&inner).await);
            let other = Opener::ec().0;
            assert_eq!(other.open(&token), None);
        }
        // Another service goes on as it was.
        let plain = setup.granted(OTHER).access_token(&setup.app).await;
        assert_eq!(part(&plain, 0)["typ"], "at+jwt");
    }
}

#[tokio::test]
async fn one_flipped_bit_anywhere_in_an_encrypted_token_is_refused() {
    let setup = Setup::new().await;
    for (opener, jwk) in [Opener::ec(), Opener::rsa()] {
        setup.encrypt_for(&jwk).await;
        let token = setup.token().await;
        assert!(opener.open(&token).is_some());
        let parts: Vec<_> = token.split('.').map(|part| BASE64.decode(part).unwrap()).collect();
        for (n, bytes) in parts.iter().enumerate() {
            for bit in 0..8 * bytes.len() {
                let mut touched = parts.clone();
                touched[n][bit / 8] ^= 1 << (bit % 8);
                let touched: Vec<_> = touched.iter().map(|part| BASE64.encode(part)).collect();
                assert_eq!(opener.open(&touched.join(".")), None, "part {n}, bit {bit}");
            }
        }
    }
}

#[tokio::test]
async fn latchkey_takes_no_encrypted_token_and_a_new_key_counts_from_the_next_token_on() {
    let setup = Setup::new().await;
    let ((old, jwk), (new, next)) = (Opener::ec(), Opener::ec());
    setup.encrypt_for(&jwk).await;
    let token = setup.token().await;
    setup
        .app
        .browser()
        .get_with_token("/oauth/userinfo", Some(&token))
        .await
        .assert_error(401, "invalid_token");
    assert!(!setup.is_active(&token).await);
    setup.encrypt_for(&next).await;
    let after = setup.token().await;
    assert!(old.open(&token).is_some() && old.open(&after).is_none() && new.open(&after).is_some());
    // Without a key its tokens are signed only.
    let none = ResourceSettings { encryption_key: Some(String::new()), ..ResourceSettings::default() };
    setup.set(none).await.unwrap();
    assert_eq!(part(&setup.token().await, 1)["sub"], json!(setup.ada.id));
}

#[tokio::test]
async fn a_client_with_a_key_gets_id_tokens_that_only_it_can_open() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let setup = Setup::on(backend).await;
        let client = ClientInfo::command_line();
        let context = ActionContext { now: setup.app.clock.now(), client: &client };
        let (opener, jwk) = Opener::ec();
        let id = &setup.client.client.id;
        let set = async |key: String| {
            let settings = ClientSettings { id_token_key: Some(key), ..ClientSettings::default() };
            clients::update(&setup.app.state, context, None, id, &settings).await
        };
        let details = set(jwk.to_string()).await.unwrap();
        let granted = Granted { client: &details.client, ..setup.granted("") };
        let token = granted.id_token(&setup.app, Some("a nonce")).await;
        assert_eq!(part(&token, 0)["cty"], "JWT");
        let inner = opener.open(&token).unwrap();
        assert_eq!((&part(&inner, 1)["nonce"], &part(&inner, 1)["aud"]), (&json!("a nonce"), &json!(id)));
        // Without a key they are signed only; another thing than a key is refused.
        assert!(matches!(set("{}".to_owned()).await, Err(Error::Invalid(_))));
        let details = set(String::new()).await.unwrap();
        let granted = Granted { client: &details.client, ..setup.granted("") };
        assert_eq!(part(&granted.id_token(&setup.app, None).await, 0)["typ"], "JWT");
    }
}

#[tokio::test]
async fn a_service_with_a_form_of_its_own_shares_no_token_with_another() {
    let setup = Setup::new().await;
    let both = format!("{SERVICE} {OTHER}");
    setup.granted(&both).access_token(&setup.app).await;
    setup.encrypt_for(&Opener::ec().1).await;
    let refused = setup.granted(&both).try_access_token(&setup.app).await;
    assert_eq!(refused, Err(OAuthCode::InvalidTarget));
}

#[tokio::test]
async fn a_service_can_get_paseto_tokens_with_the_same_claims_and_the_same_end() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let setup = Setup::on(backend).await;
        setup.ask_for_paseto().await;
        let token = setup.token().await;
        let rest = token.strip_prefix("v4.public.").unwrap();
        let (body, footer) = rest.split_once('.').unwrap();
        let (body, footer) = (BASE64.decode(body).unwrap(), BASE64.decode(footer).unwrap());
        let footer: Value = serde_json::from_slice(&footer).unwrap();
        let claims: Value = serde_json::from_slice(&body[..body.len() - 64]).unwrap();
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!(SERVICE), &json!(setup.ada.id)));
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!("2026-01-01T00:00:00Z"), &json!("2026-01-01T00:05:00Z"))
        );
        assert_eq!(claims["scope"], "openid read");

        let answer = setup.app.browser().get("/.well-known/paserk.json").await;
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let keys = answer.json()["keys"].clone();
        assert_eq!(keys.as_array().unwrap().len(), 1);
        assert_eq!(keys[0]["kid"], footer["kid"]);
        assert!(keys[0]["key"].as_str().unwrap().starts_with("k4.public."), "{keys}");
        let jwks = setup.app.browser().get("/.well-known/jwks.json").await.body;
        assert!(!jwks.contains("EdDSA"), "a key of PASETO signs no JWT: {jwks}");

        assert!(setup.is_active(&token).await);
        let client = ClientInfo::command_line();
        let context = ActionContext { now: setup.app.clock.now(), client: &client };
        administer::disable(&setup.app.state, context, None, &setup.ada.id).await.unwrap();
        assert!(!setup.is_active(&token).await);
    }
}

#[tokio::test]
async fn latchkeys_own_endpoints_take_no_paseto_token() {
    let setup = Setup::new().await;
    setup.ask_for_paseto().await;
    let token = setup.token().await;
    setup
        .app
        .browser()
        .get_with_token("/oauth/userinfo", Some(&token))
        .await
        .assert_error(401, "invalid_token");
    let mut browser = setup.app.browser();
    browser.access_token = Some(token.clone());
    browser.post("/api/account/me", &[]).await.assert_error(401, "invalid_token");
    // Nor one of another version or purpose, or of nobody's key, where it takes PASETO at all.
    for other in ["v4.local.", "v3.public.", "v2.public."] {
        assert!(!setup.is_active(&token.replace("v4.public.", other)).await, "{other}");
    }
    let footer = BASE64.encode(r#"{"kid":"k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE"}"#);
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert!(!setup.is_active(&format!("{signed}.{footer}")).await);
    setup.app.advance(std::time::Duration::from_secs(306));
    assert!(!setup.is_active(&token).await);
}

#[tokio::test]
async fn what_a_service_cannot_have_is_refused_and_what_is_set_is_in_the_audit_log() {
    let setup = Setup::new().await;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: setup.app.clock.now(), client: &client };
    let state = &setup.app.state;
    let key = |jwk: Value| ResourceSettings {
        encryption_key: Some(jwk.to_string()),
        ..ResourceSettings::default()
    };
    let format = |format: &str| ResourceSettings {
        token_format: Some(format.to_owned()),
        ..ResourceSettings::default()
    };
    let private = {
        let scalar: EcPrivateKeyBin<'_> = PrivateKey::generate(&ECDH_P256).unwrap().as_be_bytes().unwrap();
        let mut jwk = Opener::ec().1;
        jwk["d"] = BASE64.encode(scalar.as_ref()).into();
        jwk
    };
    let both = ResourceSettings { token_format: Some("paseto".to_owned()), ..key(Opener::ec().1) };
    for (uri, settings, field) in [
        ("http://localhost:3000/api", format("jwt"), "resource"),
        ("no address", format("jwt"), "resource"),
        (SERVICE, format("saml"), "token_format"),
        (SERVICE, key(private), "encryption_key"),
        (SERVICE, both, "encryption_key"),
    ] {
        let Err(Error::Invalid(fields)) = resources::add(state, context, uri, &settings).await else {
            panic!("{uri} {settings:?}")
        };
        assert!(fields.contains_key(field), "{fields:?}");
    }
    resources::add(state, context, SERVICE, &format("paseto")).await.unwrap();
    assert!(matches!(resources::add(state, context, SERVICE, &format("jwt")).await, Err(Error::Invalid(_))));
    resources::update(state, context, SERVICE, &format("jwt")).await.unwrap();
    resources::remove(state, context, SERVICE).await.unwrap();
    assert!(matches!(resources::get(state, SERVICE).await, Err(Error::NotFound)));
    let mut admin = setup.app.sign_in_as("root@example.org", "admin").await;
    for event in ["resource_added", "resource_changed", "resource_removed"] {
        let found = admin.post("/api/admin/audit/list", &[("event", event)]).await.json();
        let detail = &found["items"][0]["detail"];
        assert_eq!((&detail["resource"], &detail["encrypted"]), (&json!(SERVICE), &json!("no")), "{event}");
    }
}
