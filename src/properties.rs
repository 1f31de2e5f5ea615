//! What the parsers that face the network promise, whatever they are given. Tests and the fuzz targets in `benches/fuzz`
//! call these with bytes; a promise that is not kept is a panic.

#![expect(clippy::unwrap_used, reason = "that is how a property fails")]

mod federation;

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use url::Url;

pub use federation::{
    claim_rules, discovery, encryption_key, foreign_token, import_lines, key_set, link_token, one_time_code,
    paseto,
};

use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        display_name::DisplayName,
        email::{EmailAddress, MAX_LENGTH},
        id::{ClientSessionId, GrantId, SessionId, UserId},
        level::Level,
        local_path::LocalPath,
        methods::Methods,
        oauth::redirect_uri::RedirectUri,
        oauth::{client_id::ClientId, resource::Resources, scope::Scopes},
        query,
        role::Roles,
    },
    server::{
        client_info::device::device_name,
        clock::Timestamp,
        config::{Config, Layers, TokenConfig},
        crypto::{algorithm::Algorithm, entropy::Entropy, master_secret::MasterSecret, vault::Vault},
        cursor::Cursors,
        http::middleware::form::Fields,
        keys::{
            key_set::{ACCESS_TOKEN_TYPE, KeySet},
            line::KeyLine,
            rotation::NewKey,
        },
        oauth::parameters::Parameters,
        rate_limit::device_cookies::DeviceCookies,
        store::users::User,
        tokens::{
            claims::{Claims, PORTAL_CLIENT_ID, TokenId},
            client_access::{
                Authentication, ClientAccess, Reach, Subject, sign_client_access, verify_client_access,
            },
            refresh::token::{RefreshKeys, RefreshToken},
            verify::verify,
        },
        webauthn::{
            Expected, UserVerification, assertion::Claim, public_key::PublicKey, registration::register,
            relying_party::RelyingParty,
        },
    },
};

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A path is of this site in every browser's eyes, and safe in a header.
pub fn local_path(data: &[u8]) {
    let Some(path) = text(data).and_then(|text| LocalPath::parse(text).ok()) else { return };
    let base = Url::parse("https://id.example.org/login").unwrap();
    let there = base.join(path.as_str()).unwrap();
    assert_eq!(there.origin(), base.origin(), "{path}");
    assert!(path.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
    // The page that leads back to it is one too, and brings it back unchanged.
    let login = path.login();
    assert_eq!(
        query::parameter(login.as_str().split_once('?').unwrap().1, "next").as_deref(),
        Some(path.as_str())
    );
    assert_eq!(base.join(login.as_str()).unwrap().path(), "/login");
}

/// An address is in its canonical form, which is its own, and can't be taken apart in two ways.
pub fn email(data: &[u8]) {
    let Some(email) = text(data).and_then(|text| EmailAddress::parse(text).ok()) else { return };
    let canonical = email.as_str();
    assert_eq!(EmailAddress::parse(canonical).as_ref(), Ok(&email));
    assert!(canonical.len() <= MAX_LENGTH);
    assert_eq!(canonical.matches('@').count(), 1, "{canonical}");
    assert!(!canonical.chars().any(|c| c.is_control() || c.is_whitespace()), "{canonical:?}");
    // Whatever is typed in other cases is the same address.
    let shouted = canonical.to_ascii_uppercase();
    assert_eq!(EmailAddress::parse(&shouted).as_ref(), Ok(&email));
    let _ = crate::server::accounts::parse_new_address(canonical);
}

/// What an authenticator may say when it is registered, or used, is refused or taken. What is taken has a key that verifies
/// signatures, and an id that a browser can send back.
pub fn passkey(data: &[u8]) {
    let relying_party = RelyingParty::at(&Url::parse("https://example.org").unwrap());
    let verification = UserVerification::Preferred;
    let expected = Expected { relying_party: &relying_party, challenge: "AAAA", verification };
    let credential = |kind: &str, response: serde_json::Value| {
        let client_data = json!({ "type": kind, "challenge": "AAAA", "origin": "https://example.org" });
        let mut response = response;
        response["clientDataJSON"] = json!(BASE64.encode(client_data.to_string()));
        let id = BASE64.encode(data.get(55..87).unwrap_or(&[7]));
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    };
    let made = credential("webauthn.create", json!({ "attestationObject": BASE64.encode(data) }));
    if let Ok(made) = register(&made, expected) {
        assert!((1..=1023).contains(&made.id().len()));
        PublicKey::from_cose(made.public_key()).unwrap();
    }
    let used = json!({ "authenticatorData": BASE64.encode(data), "signature": BASE64.encode(data) });
    let claim = Claim::parse(&credential("webauthn.get", used)).unwrap();
    assert!(claim.verify(&KEY, expected).is_err());
    let _ = text(data).map(Claim::parse);
}

/// Some key that no input was signed with: the generator of P-256.
static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let hex = format!("a5010203262001215820{x}225820{y}");
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    PublicKey::from_cose(&bytes.collect::<Vec<_>>()).unwrap()
});

/// A redirect URI that can be registered leads to an app and to nobody else, in every browser's eyes, and is safe in a header.
pub fn redirect_uri(data: &[u8]) {
    let Some(uri) = text(data).and_then(|text| RedirectUri::parse(text).ok()) else { return };
    assert!(uri.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
    // What a browser can't read leads nowhere.
    let Ok(url) = Url::parse(uri.as_str()) else { return };
    if matches!(url.scheme(), "http" | "https") {
        assert_eq!((url.username(), url.password()), ("", None), "{uri}");
    }
    assert_eq!(url.fragment(), None, "{uri}");
    match url.scheme() {
        "https" => assert!(uri.target().starts_with(url.host_str().unwrap_or("?")), "{uri}: {url}"),
        "http" => assert!(matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")), "{uri}"),
        scheme => assert!(scheme.contains('.'), "{uri}"),
    }
    assert!(url.query_pairs().all(|(name, _)| name != "code" && name != "state" && name != "iss"), "{uri}");
    assert!(
        uri.matches(uri.as_str()) && !uri.matches(&format!("{uri}#")) && !uri.matches(&format!("{uri}/")),
        "{uri}"
    );
}

pub fn display_name(data: &[u8]) {
    let Some(name) = text(data).and_then(|text| DisplayName::parse(text).ok()) else { return };
    assert_eq!(DisplayName::parse(name.as_str()).as_ref(), Ok(&name));
    assert!(!name.as_str().is_empty() && name.as_str().chars().count() <= 100);
    assert!(!name.as_str().chars().any(char::is_control), "{name:?}");
}

/// No text but the one that the program writes is a refresh token of a session.
pub fn refresh_token(data: &[u8]) {
    const SALT: &[u8] = &[7; RefreshKeys::SALT_LENGTH];
    let keys = RefreshKeys::new([3; RefreshKeys::KEY_LENGTH]);
    let session = SessionId::parse("019b0000-0000-7000-8000-00000000abcd").unwrap();
    let Some(presented) = text(data) else { return };
    let ours = keys.token(&session, 7, SALT).unwrap();
    for presented in [presented.to_owned(), spoilt(&ours, data)] {
        let Some(token) = RefreshToken::parse(&presented) else { continue };
        if keys.is_authentic(&token, SALT).unwrap() {
            assert_eq!(keys.token(&token.session, token.generation, SALT).unwrap().as_str(), presented);
        }
    }
}

/// No value but the one that was issued makes a browser a known device.
pub fn device_cookie(data: &[u8]) {
    static ISSUED: LazyLock<(DeviceCookies, User, String)> = LazyLock::new(|| {
        let cookies = DeviceCookies::new(&[5; 32]);
        let user = User {
            id: UserId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap(),
            email: EmailAddress::parse("ada@example.org").unwrap(),
            display_name: DisplayName::parse("Ada").unwrap(),
            password_hash: Some("$argon2id$".to_owned()),
            roles: Roles::default(),
            token_epoch: 0,
            credential_epoch: 0,
            disabled_at: None,
            email_verified_at: None,
            created_at: NOW,
        };
        let session = SessionId::parse("019b0000-0000-7000-8000-00000000abcd").unwrap();
        let value = cookies.issue(&user, &session);
        (cookies, user, value)
    });
    let (cookies, user, issued) = &*ISSUED;
    let Some(presented) = text(data) else { return };
    for presented in [presented.to_owned(), spoilt(issued, data)] {
        if cookies.session(&presented, user).is_some() {
            assert_eq!(presented, *issued);
        }
    }
}

/// No cursor but one that was written for the list is read.
pub fn cursor(data: &[u8]) {
    let cursors = Cursors::new(&[9; 32]);
    let Some(presented) = text(data) else { return };
    let written = cursors.write("users", presented);
    assert_eq!(cursors.read("users", Some(&written)).unwrap().as_deref(), Some(presented));
    assert!(cursors.read("audit", Some(&written)).is_err());
    for presented in [presented.to_owned(), spoilt(&written, data)] {
        if let Ok(Some(position)) = cursors.read("users", Some(&presented)) {
            assert_eq!(cursors.write("users", &position), presented);
        }
    }
}

/// No text but the token that was signed is an access token.
pub fn access_token(data: &[u8]) {
    static SIGNED: LazyLock<(KeySet, TokenConfig, String)> = LazyLock::new(signed_token);
    let (keys, config, signed) = &*SIGNED;
    let Some(presented) = text(data) else { return };
    for presented in [presented.to_owned(), spoilt(signed, data), with_header(signed, data)] {
        if verify(&presented, keys, config, NOW).is_ok() {
            assert_eq!(presented, *signed);
        }
    }
    // Beside it stands that the signed one is good.
    assert!(verify(signed, keys, config, NOW).is_ok());
}

/// No text but the token that was signed is an access token of a client; and none is one of the portal.
pub fn client_access_token(data: &[u8]) {
    static SIGNED: LazyLock<(KeySet, TokenConfig, String)> = LazyLock::new(signed_client_token);
    let (keys, config, signed) = &*SIGNED;
    let Some(presented) = text(data) else { return };
    for presented in [presented.to_owned(), spoilt(signed, data), with_header(signed, data)] {
        if verify_client_access(&presented, keys, config, NOW).is_ok() {
            assert_eq!(presented, *signed);
        }
        assert!(verify(&presented, keys, config, NOW).is_err());
    }
    assert!(verify_client_access(signed, keys, config, NOW).is_ok());
}

/// Parameters are read as the URL Standard says, each once, and an empty one was left out.
pub fn oauth_parameters(data: &[u8]) {
    let Ok(parameters) = Parameters::parse(data) else { return };
    let standard: Vec<(String, String)> = url::form_urlencoded::parse(data).into_owned().collect();
    for (name, value) in &standard {
        let expected = Some(value.as_str()).filter(|value| !value.is_empty());
        if name == "resource" {
            assert!(expected.is_none_or(|value| parameters.all(name).any(|known| known == value)));
        } else {
            assert_eq!(parameters.get(name), expected, "{name}");
            assert_eq!(standard.iter().filter(|(other, _)| other == name).count(), 1, "{name}");
        }
    }
}

/// jsonwebtoken looks at the system's clock, so the token is good until 2100.
const NOW: Timestamp = Timestamp::from_seconds(4_102_444_800);
const ISSUER: &str = "https://id.example.org";

/// A key set with one key.
fn one_key(line: KeyLine, algorithm: Algorithm) -> (KeySet, TokenConfig) {
    let entropy = Entropy::system();
    let vault = Vault::new(&[MasterSecret::generate(&entropy).unwrap()]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let key = NewKey::generate(line, algorithm, entropy.clone());
    let key = std::thread::spawn(move || runtime.block_on(key).unwrap()).join().unwrap();
    let record = key.into_record(&[], &vault, &entropy, (NOW, NOW)).unwrap();
    let keys = KeySet::open(&[record], &vault, NOW).unwrap();
    let config = TokenConfig {
        algorithm,
        issuer: ISSUER.to_owned(),
        audience: ISSUER.to_owned(),
        access_ttl: std::time::Duration::from_secs(900),
        client_access_ttl: std::time::Duration::from_secs(300),
        jwks_max_age: std::time::Duration::from_secs(300),
        rotate_every: None,
    };
    (keys, config)
}

fn signed_client_token() -> (KeySet, TokenConfig, String) {
    let line = KeyLine::Clients(ClientAlgorithm::Es256);
    let (keys, config) = one_key(line, Algorithm::Es256);
    let user = UserId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap();
    let methods = Methods::PASSWORD;
    let authentication = Authentication { at: NOW, methods, acr: methods.level() };
    let access = ClientAccess {
        client: &ClientId::parse("lkc_AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
        subject: Subject::User { id: &user, epoch: 1, authentication },
        sid: Some(&ClientSessionId::parse("019b0000-0000-7000-8000-00000000abcd").unwrap()),
        grant: &GrantId::parse("019c0000-0000-7000-8000-00000000abcd").unwrap(),
        generation: 3,
        resources: &Resources::parse("https://api.example.org").unwrap(),
        scopes: &Scopes::parse("openid email").unwrap(),
        expires_at: NOW + std::time::Duration::from_secs(300),
    };
    let key = keys.active(line, NOW).unwrap();
    let token =
        sign_client_access(&key, &config, NOW, &Entropy::system(), &access, Reach::WithUserinfo).unwrap();
    (keys, config, token)
}

fn signed_token() -> (KeySet, TokenConfig, String) {
    let entropy = Entropy::system();
    let (keys, config) = one_key(KeyLine::Portal, Algorithm::EdDsa);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: UserId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap(),
        client_id: PORTAL_CLIENT_ID.to_owned(),
        iat: NOW.seconds(),
        exp: NOW.seconds() + 900,
        auth_time: NOW.seconds(),
        amr: Vec::new(),
        acr: Level::default(),
        nbf: None,
        jti: TokenId { nonce: [7; 16], generation: 3, epoch: 1 },
        sid: SessionId::parse("019b0000-0000-7000-8000-00000000abcd").unwrap(),
        roles: Roles::default(),
    };
    let token =
        keys.active(KeyLine::Portal, NOW).unwrap().sign(ACCESS_TOKEN_TYPE, &claims, &entropy).unwrap();
    (keys, config, token)
}

/// The token with these bytes as its header.
fn with_header(token: &str, header: &[u8]) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", BASE64.encode(header))
}

/// The text with a change that the bytes name: a piece of it replaced by the rest of them.
fn spoilt(text: &str, data: &[u8]) -> String {
    let [at, length, rest @ ..] = data else { return text.to_owned() };
    let at = usize::from(*at) * text.len() / 256;
    let end = (at + usize::from(*length)).min(text.len());
    format!("{}{}{}", &text[..at], String::from_utf8_lossy(rest), &text[end..])
}

/// A form has the fields that the function knows, each once and as it was typed; it is read as the URL Standard says.
pub fn form(data: &[u8]) {
    const KNOWN: &[&str] = &["email", "password", "next"];
    let Ok(fields) = Fields::parse(data, KNOWN) else { return };
    let standard: Vec<(String, String)> = url::form_urlencoded::parse(data).into_owned().collect();
    assert_eq!(KNOWN.iter().filter(|name| fields.get(name).is_some()).count(), standard.len());
    for (name, value) in standard {
        assert!(!value.contains('\0'));
        assert_eq!(fields.get(&name), Some(value.as_str()), "{name}");
    }
}

/// Settings are read, or refused without a word of what stands there.
pub fn settings(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let parsed = [Layers::of_toml(text), Layers::of_dot_env(text)];
    for layers in parsed {
        match layers {
            Ok(layers) => drop(Config::read(&layers)),
            Err(error) => {
                let error = error.to_string();
                let told = |word: &&str| word.len() > 12 && error.contains(*word);
                assert!(text.split_whitespace().find(told).is_none(), "{error}");
            }
        }
    }
}

/// A browser gets a name, which is short.
pub fn user_agent(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let name = device_name(text);
    assert!(!name.is_empty() && name.len() <= 2 * text.len() + 40, "{name}");
}
