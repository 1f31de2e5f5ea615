//! Verifying what browsers and authenticators send (WebAuthn Level 3).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use url::Url;

use crate::{
    server::webauthn::{
        Expected, Refused, UserVerification,
        assertion::{Assertion, Claim},
        public_key::PublicKey,
        registration::{NewCredential, register},
        relying_party::RelyingParty,
    },
    tests::test_app::authenticator::{
        Authenticator, BACKED_UP, BACKUP_ELIGIBLE, USER_PRESENT, USER_VERIFIED,
    },
};

const CHALLENGE: &str = "dGhpcnR5LXR3byBieXRlcywgZHJhd24gYXQgcmFuZG9t";

fn relying_party() -> RelyingParty {
    RelyingParty::at(&Url::parse("https://example.org").unwrap())
}

fn authenticator() -> Authenticator {
    Authenticator::at("example.org", "https://example.org")
}

fn options() -> Value {
    json!({ "challenge": CHALLENGE, "user": { "id": "AAAA" } })
}

fn registered(credential: &Value) -> Result<NewCredential, Refused> {
    let relying_party = relying_party();
    let verification = UserVerification::Required;
    let expected = Expected { relying_party: &relying_party, challenge: CHALLENGE, verification };
    register(&credential.to_string(), expected)
}

fn asserted(
    key: &PublicKey,
    credential: &Value,
    verification: UserVerification,
) -> Result<Assertion, Refused> {
    let relying_party = relying_party();
    let expected = Expected { relying_party: &relying_party, challenge: CHALLENGE, verification };
    Claim::parse(&credential.to_string())?.verify(key, expected)
}

/// An authenticator that has registered, and its key.
fn enrolled() -> (Authenticator, PublicKey) {
    let mut authenticator = authenticator();
    let credential = registered(&authenticator.create(&options())).unwrap();
    (authenticator, PublicKey::from_cose(credential.public_key()).unwrap())
}

/// What becomes of an assertion of an authenticator that is told something wrong.
fn told(wrong: impl FnOnce(&mut Authenticator)) -> Result<Assertion, Refused> {
    let (mut authenticator, key) = enrolled();
    wrong(&mut authenticator);
    asserted(&key, &authenticator.get(&options()), UserVerification::Required)
}

/// What becomes of a registration with an authenticator that is told something wrong.
fn made(wrong: impl FnOnce(&mut Authenticator)) -> Result<NewCredential, Refused> {
    let mut authenticator = authenticator();
    wrong(&mut authenticator);
    registered(&authenticator.create(&options()))
}

struct Vector<'a> {
    name: &'a str,
    bytes: Vec<Vec<u8>>,
}

/// The standard's own vectors: 15 credentials, each registered and used once.
fn vectors() -> Vec<Vector<'static>> {
    let lines = include_str!("vectors/webauthn.txt").lines().filter(|line| !line.starts_with('#'));
    let vectors: Vec<_> = lines
        .map(|line| {
            let (name, bytes) = line.split_once(' ').unwrap();
            Vector { name, bytes: bytes.split(' ').map(unhex).collect() }
        })
        .collect();
    assert_eq!(vectors.len(), 15);
    vectors
}

/// Some of the vectors have no user verification.
fn preferred<'a>(relying_party: &'a RelyingParty, challenge: &'a str) -> Expected<'a> {
    Expected { relying_party, challenge, verification: UserVerification::Preferred }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The id in the authenticator data of a registration (§6.5.2).
fn id_in(attestation_object: &[u8]) -> Vec<u8> {
    let attestation: Cbor = ciborium::from_reader(attestation_object).unwrap();
    let data = attestation.as_map().unwrap().iter().find(|(key, _)| key.as_text() == Some("authData"));
    let data = data.unwrap().1.as_bytes().unwrap();
    let length = usize::from(u16::from_be_bytes([data[53], data[54]]));
    data[55..55 + length].to_vec()
}

fn credential(id: &[u8], response: &Value) -> String {
    let id = BASE64.encode(id);
    json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
}

#[test]
fn the_vectors_of_the_standard_verify_but_for_those_that_are_not_allowed_here() {
    let relying_party = relying_party();
    for Vector { name, bytes } in vectors() {
        let [creation, created, attestation, request, data, requested, signature] = &bytes[..] else {
            panic!("{name}")
        };
        let (creation, request) = (BASE64.encode(creation), BASE64.encode(request));
        let id = id_in(attestation);
        let registration = json!({
            "clientDataJSON": BASE64.encode(created), "attestationObject": BASE64.encode(attestation),
        });
        let made = register(&credential(&id, &registration), preferred(&relying_party, &creation));
        let refused = match name {
            "none-es256-crossOrigin" | "none-es256-topOrigin" => Some(Refused::CrossOrigin),
            "packed-es384" | "packed-es512" | "packed-ed448" => Some(Refused::Algorithm),
            _ => None,
        };
        assert_eq!(made.as_ref().err().copied(), refused, "{name}");
        let Ok(made) = made else { continue };
        assert_eq!(made.id(), id, "{name}");
        let assertion = json!({
            "clientDataJSON": BASE64.encode(requested), "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature),
        });
        let claim = Claim::parse(&credential(&id, &assertion)).unwrap();
        let key = PublicKey::from_cose(made.public_key()).unwrap();
        let verified = claim
            .verify(&key, preferred(&relying_party, &request))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(verified.user_verified(), data[32] & USER_VERIFIED != 0, "{name}");
        assert_eq!(verified.backed_up(), data[32] & BACKED_UP != 0, "{name}");
        assert_eq!(
            claim.verify(&key, preferred(&relying_party, &creation)).err(),
            Some(Refused::Challenge),
            "{name}"
        );
    }
}

#[test]
fn a_credential_says_what_its_authenticator_said() {
    let mut authenticator = authenticator();
    authenticator.sign_count = 7;
    authenticator.flags = USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE;
    let credential = registered(&authenticator.create(&options())).unwrap();
    assert_eq!(credential.id(), authenticator.credential_id);
    assert_eq!((credential.sign_count(), credential.transports()), (7, &["internal".to_owned()][..]));
    assert!(credential.backup_eligible() && !credential.backed_up());
}

#[test]
fn a_registration_that_is_not_as_it_was_asked_for_is_refused() {
    let refused = |wrong: fn(&mut Authenticator)| made(wrong).unwrap_err();
    assert_eq!(refused(|a| a.flags &= !USER_PRESENT), Refused::UserPresence);
    assert_eq!(refused(|a| a.flags &= !USER_VERIFIED), Refused::UserVerification);
    assert_eq!(refused(|a| a.flags &= !BACKUP_ELIGIBLE), Refused::BackupState);
    assert_eq!(refused(|a| a.relying_party = "example.com".to_owned()), Refused::RelyingParty);
    assert_eq!(refused(|a| a.client_data["origin"] = json!("https://example.com")), Refused::Origin);
    assert_eq!(refused(|a| a.client_data["origin"] = json!("https://id.example.org")), Refused::Origin);
    assert_eq!(refused(|a| a.client_data["origin"] = json!("http://example.org")), Refused::Origin);
    assert_eq!(refused(|a| a.client_data["challenge"] = json!("AAAA")), Refused::Challenge);
    assert_eq!(refused(|a| a.client_data["type"] = json!("webauthn.get")), Refused::Kind);
    assert_eq!(refused(|a| a.client_data["crossOrigin"] = json!(true)), Refused::CrossOrigin);
    assert_eq!(refused(|a| a.client_data["topOrigin"] = json!("https://example.com")), Refused::CrossOrigin);
    let data = Refused::Malformed("the authenticator data");
    assert_eq!(refused(|a| a.credential_id = vec![7; 1024]), data);
    assert_eq!(refused(|a| a.credential_id = Vec::new()), data);
    made(|a| a.credential_id = vec![7; 1023]).unwrap();
}

fn set(authenticator: &mut Authenticator, label: i64, value: Cbor) {
    authenticator.cose.retain(|(key, _)| *key != Cbor::from(label));
    authenticator.cose.push((label.into(), value));
}

#[test]
fn a_public_key_is_of_an_offered_algorithm_and_on_its_curve_and_says_nothing_else() {
    let refused = |wrong: fn(&mut Authenticator)| made(wrong).unwrap_err();
    assert_eq!(refused(|a| set(a, 3, (-35).into())), Refused::Algorithm);
    assert_eq!(refused(|a| set(a, 3, (-65535).into())), Refused::Algorithm);
    assert_eq!(refused(|a| set(a, 3, (-8).into())), Refused::PublicKey);
    assert_eq!(refused(|a| set(a, 1, 3.into())), Refused::PublicKey);
    assert_eq!(refused(|a| set(a, -1, 2.into())), Refused::PublicKey);
    assert_eq!(refused(|a| set(a, -3, Cbor::Bool(true))), Refused::PublicKey);
    assert_eq!(refused(|a| set(a, -3, Cbor::Bytes(vec![7; 32]))), Refused::PublicKey);
    assert_eq!(refused(|a| set(a, 4, Cbor::Array(vec![2.into()]))), Refused::PublicKey);
    assert_eq!(refused(|a| a.cose.push(a.cose[0].clone())), Refused::Malformed("CBOR"));
    assert_eq!(refused(|a| a.cose.retain(|(key, _)| *key != Cbor::from(3))), Refused::PublicKey);
}

#[test]
fn an_assertion_that_is_not_as_it_was_asked_for_is_refused() {
    assert!(told(|_| {}).unwrap().user_verified());
    let refused = |wrong: fn(&mut Authenticator)| told(wrong).unwrap_err();
    assert_eq!(refused(|a| a.flags &= !USER_PRESENT), Refused::UserPresence);
    assert_eq!(refused(|a| a.flags &= !USER_VERIFIED), Refused::UserVerification);
    assert_eq!(refused(|a| a.flags &= !BACKUP_ELIGIBLE), Refused::BackupState);
    assert_eq!(refused(|a| a.relying_party = "id.example.org".to_owned()), Refused::RelyingParty);
    assert_eq!(refused(|a| a.client_data["origin"] = json!("https://example.org:8443")), Refused::Origin);
    assert_eq!(refused(|a| a.client_data["challenge"] = json!("AAAA")), Refused::Challenge);
    assert_eq!(refused(|a| a.client_data["type"] = json!("webauthn.create")), Refused::Kind);
    assert_eq!(refused(|a| a.client_data["crossOrigin"] = json!(true)), Refused::CrossOrigin);
    assert_eq!(refused(|a| a.client_data["topOrigin"] = json!("https://example.org")), Refused::CrossOrigin);
}

#[test]
fn without_user_verification_it_verifies_only_where_that_is_enough_and_says_so() {
    let (mut authenticator, key) = enrolled();
    authenticator.flags &= !USER_VERIFIED;
    let credential = authenticator.get(&options());
    assert!(!asserted(&key, &credential, UserVerification::Preferred).unwrap().user_verified());
    let refused = asserted(&key, &credential, UserVerification::Required).unwrap_err();
    assert_eq!(refused, Refused::UserVerification);
}

#[test]
fn another_key_verifies_nothing() {
    let (authenticator, _) = enrolled();
    let (_, key) = enrolled();
    let refused = asserted(&key, &authenticator.get(&options()), UserVerification::Required).unwrap_err();
    assert_eq!(refused, Refused::Signature);
}

#[test]
fn an_assertion_with_any_bit_flipped_is_refused() {
    let (authenticator, key) = enrolled();
    let credential = authenticator.get(&options());
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = BASE64.decode(credential["response"][field].as_str().unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let (mut bytes, mut credential) = (bytes.clone(), credential.clone());
            bytes[bit / 8] ^= 1 << (bit % 8);
            credential["response"][field] = json!(BASE64.encode(bytes));
            assert!(asserted(&key, &credential, UserVerification::Preferred).is_err(), "{field} {bit}");
        }
    }
}

#[test]
fn a_credential_that_is_cut_short_or_goes_on_is_refused() {
    let mut authenticator = authenticator();
    let credential = authenticator.create(&options());
    let field = &credential["response"]["attestationObject"];
    let bytes = BASE64.decode(field.as_str().unwrap()).unwrap();
    for length in 0..bytes.len() {
        let mut credential = credential.clone();
        credential["response"]["attestationObject"] = json!(BASE64.encode(&bytes[..length]));
        assert!(registered(&credential).is_err(), "{length}");
    }
    let mut longer = credential.clone();
    longer["response"]["attestationObject"] = json!(BASE64.encode([&bytes[..], &[0]].concat()));
    assert_eq!(registered(&longer).unwrap_err(), Refused::Malformed("CBOR"));
}

#[test]
fn an_id_that_is_not_the_one_in_the_signed_data_is_refused() {
    let mut credential = authenticator().create(&options());
    credential["rawId"] = json!("AAAA");
    assert!(registered(&credential).is_err());
    credential["id"] = json!("AAAA");
    assert!(registered(&credential).is_err());
}
