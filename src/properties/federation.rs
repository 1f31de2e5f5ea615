//! What the parsers promise that read what other programs have made: providers, clients, services, and the files of accounts
//! that were kept elsewhere.

use std::{collections::BTreeSet, sync::LazyLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};
use url::{Host, Url};

use super::{BASE64, Engine, NOW, spoilt, text, with_header};
use crate::{
    model::{
        display_name::DisplayName,
        id::ProviderId,
        oauth::scope::Scopes,
        role::{Role, Roles},
        second_factor::OneTimeCode,
        upstream::{
            algorithms::Algorithms, claim_rule::ClaimRules, issuer::Issuer, preset::Preset, sign_up::SignUp,
            slug::ProviderSlug,
        },
    },
    server::{
        accounts::import::{candidate::Candidate, file::AccountFile},
        crypto::{algorithm::Algorithm, entropy::Entropy},
        fetch::Reach,
        http::middleware::link_token::opened,
        key_sets,
        keys::private_key::PrivateKey,
        store::upstream_providers::Provider,
        tokens::{
            jwe::{encrypt, encryption_key::EncryptionKey},
            paseto,
            upstream::{Demanded, verify_id_token, verify_logout_token},
        },
        upstream::read_metadata,
    },
};

const ISSUER: &str = "https://id.example.org";
const NONCE: &str = "a-nonce";

/// A provider, its keys, and an ID token and a logout token that it has signed.
static PROVIDER: LazyLock<(Provider, JwkSet, String, String)> = LazyLock::new(|| {
    let entropy = Entropy::system();
    let key = PrivateKey::generate(Algorithm::Es256, &entropy).unwrap().0;
    let mut jwk = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
    jwk["kid"] = json!("one");
    let sign = |typ: &str, claims: Value| {
        let header = json!({ "alg": "ES256", "typ": typ, "kid": "one" });
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = key.sign(message.as_bytes(), entropy.source()).unwrap();
        format!("{message}.{}", BASE64.encode(signature))
    };
    let (now, events) = (NOW.seconds(), json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    let id_token =
        json!({ "iss": ISSUER, "aud": "us", "sub": "one", "iat": now, "exp": now + 300, "nonce": NONCE });
    let logout = json!({ "iss": ISSUER, "aud": "us", "sub": "one", "iat": now, "exp": now + 120, "jti": "one", "events": events });
    let keys = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
    (provider(), keys, sign("JWT", id_token), sign("logout+jwt", logout))
});

fn provider() -> Provider {
    let addresses = json!({ "issuer": ISSUER, "authorization_endpoint": ISSUER, "token_endpoint": ISSUER });
    Provider {
        id: ProviderId::parse("019d0000-0000-7000-8000-00000000abcd").unwrap(),
        slug: ProviderSlug::parse("acme").unwrap(),
        name: DisplayName::parse("Acme").unwrap(),
        preset: Preset::OpenId,
        issuer: Issuer::parse(ISSUER).unwrap(),
        client_id: "us".to_owned(),
        scopes: Scopes::parse("openid").unwrap(),
        algorithms: Algorithms::parse("ES256 EdDSA RS256").unwrap(),
        sign_up: SignUp::default(),
        linking: true,
        rules: ClaimRules::default(),
        admin_by_rule: false,
        private_address: false,
        metadata: serde_json::from_value(addresses).unwrap(),
        discovered_at: NOW,
        discovery_failure: None,
        created_at: NOW,
        disabled_at: None,
    }
}

/// No text but the tokens that the provider has signed is believed, and neither of them in place of the other.
pub fn foreign_token(data: &[u8]) {
    let (provider, keys, id_token, logout) = &*PROVIDER;
    let Some(presented) = text(data) else { return };
    let demanded = Demanded { nonce: NONCE, authenticated_after: None };
    for presented in [presented.to_owned(), spoilt(id_token, data), with_header(id_token, data)] {
        if verify_id_token(&presented, provider, keys, demanded, NOW).is_ok() {
            assert_eq!(presented, *id_token);
        }
    }
    for presented in [presented.to_owned(), spoilt(logout, data), with_header(logout, data), id_token.clone()]
    {
        if verify_logout_token(&presented, provider, keys, NOW).is_ok() {
            assert_eq!(presented, *logout);
        }
    }
    assert!(verify_id_token(id_token, provider, keys, demanded, NOW).is_ok());
    assert!(verify_id_token(logout, provider, keys, demanded, NOW).is_err());
}

/// What a provider says of itself leads nowhere but to where everybody can go, over TLS.
pub fn discovery(data: &[u8]) {
    // With the issuer that makes it count, if it is an object.
    let mut said = serde_json::from_slice::<Value>(data).unwrap_or_default();
    if let Some(said) = said.as_object_mut() {
        said.insert("issuer".to_owned(), json!(ISSUER));
    }
    for body in [data.to_vec(), said.to_string().into_bytes()] {
        let Ok(metadata) = read_metadata(&body, &Issuer::parse(ISSUER).unwrap(), Reach::Public) else {
            continue;
        };
        for address in metadata.addresses() {
            assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?}");
            let url = Url::parse(address).unwrap();
            assert_eq!(url.scheme(), "https", "{address}");
            let inside = match url.host().unwrap() {
                Host::Ipv4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
                Host::Ipv6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
                Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            };
            assert!(!inside, "{address}");
        }
    }
}

/// A key set is read or refused; each key for encrypting that it has encrypts, and has no private half.
pub fn key_set(data: &[u8]) {
    let Some(keys) = key_sets::parse(data) else { return };
    if let Some(key) = &keys.encrypting {
        assert!(serde_json::from_str::<Value>(key).unwrap().get("d").is_none());
        encryption_key(key.as_bytes());
    }
}

/// Whatever is registered as a key for encrypting encrypts.
pub fn encryption_key(data: &[u8]) {
    let Some(Ok(key)) = text(data).map(EncryptionKey::register) else { return };
    let token = encrypt("a.signed.token", &key, &Entropy::system()).unwrap();
    assert_eq!(token.split('.').count(), 5, "{token}");
}

/// Rules are what they are when they are written and read again. They give what they name, and administrators never by
/// accident.
pub fn claim_rules(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    let (rules, claims) = typed.split_once('\0').unwrap_or((typed, "{}"));
    let Ok(rules) = ClaimRules::parse(rules) else { return };
    assert_eq!(ClaimRules::parse(&rules.to_string()).as_ref(), Ok(&rules));
    let claims = serde_json::from_str(claims).unwrap_or_default();
    let now = Roles::from(vec![Role::Editor]);
    let then = rules.roles(now, &claims);
    for role in Role::ALL {
        assert!(rules.decide(role) || then.contains(role) == now.contains(role), "{rules} {claims}");
    }
    let named: BTreeSet<_> = rules.groups(&claims).into_iter().map(|(name, _)| name).collect();
    assert_eq!(named.len(), rules.groups(&claims).len(), "each group once");
}

/// A code is what it is when it is typed again without spaces.
pub fn one_time_code(data: &[u8]) {
    match text(data).map(OneTimeCode::parse) {
        Some(Ok(OneTimeCode::Totp(code))) => {
            assert!(code.as_str().len() == 6 && code.as_str().bytes().all(|byte| byte.is_ascii_digit()));
        }
        Some(Ok(OneTimeCode::Recovery(code))) => {
            assert!(OneTimeCode::parse(&code.to_string()).is_ok());
        }
        _ => {}
    }
}

/// No text but the token that was signed is a PASETO of this key.
pub fn paseto(data: &[u8]) {
    const PAYLOAD: &[u8] = b"{\"sub\":\"one\"}";
    const FOOTER: &[u8] = b"{\"kid\":\"one\"}";
    static SIGNED: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let signature = key.sign(&paseto::message(PAYLOAD, FOOTER, b""));
        (key.public_key().as_ref().to_vec(), paseto::write(PAYLOAD, signature.as_ref(), FOOTER))
    });
    let (public, signed) = &*SIGNED;
    let Some(presented) = text(data) else { return };
    for presented in [presented.to_owned(), spoilt(signed, data)] {
        let parts = paseto::Parts::of(&presented);
        if parts.and_then(|parts| parts.verify(public, b"")).is_ok() {
            assert_eq!(presented, *signed);
        }
    }
}

/// The token of a link goes into a cookie and from there to a page: it is a plain word, or there is none.
pub fn link_token(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    for uri in [typed.to_owned(), format!("/reset?token={typed}"), format!("/reset?{typed}")] {
        let Ok(uri) = uri.parse() else { continue };
        let Some((page, Some(token))) = opened(&uri) else { continue };
        assert_eq!(page, uri.path());
        assert!((1..=100).contains(&token.len()));
        assert!(
            token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')),
            "{token}"
        );
    }
}

/// A file of accounts is read to its end, each line once, whatever stands in it.
pub fn import_lines(data: &[u8]) {
    let Ok(mut file) = AccountFile::open(data) else { return };
    let (mut last, mut lines) = (0, 0);
    while let Ok(Some((line, row))) = file.next_line() {
        // A carriage return alone ends a record, and no line.
        assert!(line >= last, "{line} after {last}");
        (last, lines) = (line, lines + 1);
        assert!(lines <= data.len() + 1);
        if let Ok(candidate) = row.and_then(|fields| Candidate::parse(fields, NOW)) {
            assert!(!candidate.display_name.as_str().is_empty());
        }
    }
}
