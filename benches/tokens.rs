//! What an access token costs: verifying and signing, beside the bare calls of `jsonwebtoken`.
//!
//! Ours does more (type, extensions, lifetime, typed claims) and parses less often.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to say")]

use std::{hint::black_box, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use latchkey::{
    model::{
        client_algorithm::ClientAlgorithm,
        id::{ClientSessionId, GrantId, SessionId, UserId},
        methods::Methods,
        oauth::{client_id::ClientId, resource::Resources, scope::Scopes},
        role::Roles,
    },
    server::{
        clock::Timestamp,
        config::TokenConfig,
        crypto::{algorithm::Algorithm, entropy::Entropy, master_secret::MasterSecret, vault::Vault},
        keys::{
            key_set::{ACCESS_TOKEN_TYPE, KeySet, purpose},
            line::KeyLine,
            rotation::NewKey,
        },
        tokens::{
            cache::VerifiedCache,
            claims::{Claims, PORTAL_CLIENT_ID, TokenId},
            client_access::{
                Authentication, ClientAccess, Reach, Subject, sign_client_access, verify_client_access,
            },
            client_paseto::{sign_client_paseto, verify_client_paseto},
            jwe::{encrypt, encryption_key::EncryptionKey},
            verify::verify,
        },
    },
};
use zeroize::Zeroizing;

const ISSUER: &str = "https://id.example.org";
/// jsonwebtoken looks at the system's clock, so the tokens are good until 2100.
const NOW: Timestamp = Timestamp::from_seconds(4_102_444_800);

/// A line with one key.
struct OneKey {
    keys: KeySet,
    config: TokenConfig,
    /// As it is sealed.
    private: Zeroizing<Vec<u8>>,
}

impl OneKey {
    fn new(line: KeyLine, algorithm: Algorithm) -> Self {
        let entropy = Entropy::system();
        let vault = Vault::new(&[MasterSecret::generate(&entropy).unwrap()]).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let new = runtime.block_on(NewKey::generate(line, algorithm, entropy.clone())).unwrap();
        let record = new.into_record(&[], &vault, &entropy, (NOW, NOW)).unwrap();
        let private = vault.open(&purpose(&record.kid), &record.sealed).unwrap();
        let config = TokenConfig {
            algorithm,
            issuer: ISSUER.to_owned(),
            audience: ISSUER.to_owned(),
            access_ttl: Duration::from_secs(900),
            client_access_ttl: Duration::from_secs(300),
            jwks_max_age: Duration::from_secs(300),
            rotate_every: None,
        };
        Self { keys: KeySet::open(&[record], &vault, NOW).unwrap(), config, private }
    }
}

struct Portal {
    name: &'static str,
    algorithm: Algorithm,
    config: TokenConfig,
    keys: KeySet,
    claims: Claims,
    entropy: Entropy,
    token: String,
    /// The private key as jsonwebtoken takes it.
    encoding: EncodingKey,
}

impl Portal {
    fn new(name: &'static str, algorithm: Algorithm) -> Self {
        let entropy = Entropy::system();
        let OneKey { keys, config, private } = OneKey::new(KeyLine::Portal, algorithm);
        let encoding = match algorithm {
            Algorithm::Es256 => EncodingKey::from_ec_der(&private),
            Algorithm::EdDsa => EncodingKey::from_ed_der(&private),
            // jsonwebtoken wants PKCS #1, which is the end of PKCS #8 for RSA: after version and algorithm.
            Algorithm::Rs256 => EncodingKey::from_rsa_der(&private[26..]),
            Algorithm::Hs256 => EncodingKey::from_secret(&private),
        };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: UserId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap(),
            client_id: PORTAL_CLIENT_ID.to_owned(),
            iat: NOW.seconds(),
            exp: NOW.seconds() + 900,
            auth_time: NOW.seconds(),
            amr: vec!["pwd".to_owned()],
            acr: latchkey::model::level::Level::SingleFactor,
            nbf: None,
            jti: TokenId { nonce: [7; 16], generation: 3, epoch: 1 },
            sid: SessionId::parse("019b0000-0000-7000-8000-00000000abcd").unwrap(),
            roles: Roles::default(),
        };
        let token =
            keys.active(KeyLine::Portal, NOW).unwrap().sign(ACCESS_TOKEN_TYPE, &claims, &entropy).unwrap();
        Self { name, algorithm, config, keys, claims, entropy, token, encoding }
    }
}

fn verifying(criterion: &mut Criterion, subject: &Portal) {
    let mut group = criterion.benchmark_group(format!("verify {}", subject.name));
    let key: DecodingKey = subject.keys.active(KeyLine::Portal, NOW).unwrap().verifying.clone();
    let mut validation = Validation::new(subject.algorithm.jwt());
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[ISSUER]);
    group.bench_function("bare", |b| {
        b.iter(|| jsonwebtoken::decode::<Claims>(black_box(&subject.token), &key, &validation).unwrap());
    });
    group.bench_function("ours", |b| {
        b.iter(|| verify(black_box(&subject.token), &subject.keys, &subject.config, NOW).unwrap());
    });
    let cache = VerifiedCache::default();
    cache.insert(&subject.token, verify(&subject.token, &subject.keys, &subject.config, NOW).unwrap());
    group.bench_function("ours, cached", |b| b.iter(|| cache.get(black_box(&subject.token), NOW).unwrap()));
    group.finish();
}

fn signing(criterion: &mut Criterion, subject: &Portal) {
    let mut group = criterion.benchmark_group(format!("sign {}", subject.name));
    let mut header = Header::new(subject.algorithm.jwt());
    header.typ = Some(ACCESS_TOKEN_TYPE.to_owned());
    group.bench_function("bare", |b| {
        b.iter(|| jsonwebtoken::encode(&header, black_box(&subject.claims), &subject.encoding).unwrap());
    });
    group.bench_function("ours", |b| {
        b.iter(|| {
            subject
                .keys
                .active(KeyLine::Portal, NOW)
                .unwrap()
                .sign(ACCESS_TOKEN_TYPE, black_box(&subject.claims), &subject.entropy)
                .unwrap()
        });
    });
    group.finish();
}

/// What the same token of a client costs in each form that is signed only.
fn forms(criterion: &mut Criterion) {
    let entropy = Entropy::system();
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
        expires_at: NOW + Duration::from_secs(300),
    };
    for (name, line, algorithm) in [
        ("ES256", KeyLine::Clients(ClientAlgorithm::Es256), Algorithm::Es256),
        ("RS256", KeyLine::Clients(ClientAlgorithm::Rs256), Algorithm::Rs256),
        ("v4.public", KeyLine::Paseto, Algorithm::EdDsa),
    ] {
        let OneKey { keys, config, .. } = OneKey::new(line, algorithm);
        let key = keys.active(line, NOW).unwrap();
        let sign = || match line {
            KeyLine::Paseto => sign_client_paseto(&key, &config, NOW, &entropy, &access).unwrap(),
            _ => sign_client_access(&key, &config, NOW, &entropy, &access, Reach::ServicesAlone).unwrap(),
        };
        let token = sign();
        let mut group = criterion.benchmark_group(format!("client {name}"));
        group.bench_function("sign", |b| b.iter(|| black_box(sign())));
        group.bench_function("verify", |b| {
            b.iter(|| match line {
                KeyLine::Paseto => verify_client_paseto(black_box(&token), &keys, &config, NOW).unwrap(),
                _ => verify_client_access(black_box(&token), &keys, &config, NOW).unwrap(),
            });
        });
        group.finish();
    }
}

/// What encrypting a token adds to signing it.
fn encrypting(criterion: &mut Criterion, subject: &Portal) {
    let modulus = BASE64.encode([vec![0xc5; 255], vec![0x17]].concat());
    let keys = [
        r#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ","y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"}"#.to_owned(),
        format!(r#"{{"kty":"RSA","n":"{modulus}","e":"AQAB"}}"#),
    ];
    let mut group = criterion.benchmark_group("encrypt");
    for jwk in keys {
        let key = EncryptionKey::parse(&jwk).unwrap();
        group.bench_function(key.recipient.algorithm(), |b| {
            b.iter(|| encrypt(black_box(&subject.token), &key, &subject.entropy).unwrap());
        });
    }
    group.finish();
}

fn tokens(criterion: &mut Criterion) {
    for (name, algorithm) in Algorithm::NAMES {
        let subject = Portal::new(name, algorithm);
        verifying(criterion, &subject);
        signing(criterion, &subject);
        if algorithm == Algorithm::Es256 {
            encrypting(criterion, &subject);
        }
    }
    forms(criterion);
}

criterion_group!(benches, tokens);
criterion_main!(benches);
