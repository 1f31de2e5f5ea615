//! Vectors of others for the primitives that are used here: Project Wycheproof's.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};
use wycheproof::{TestResult, aead, ecdsa, eddsa, mac, rsa_pkcs1_verify};

/// Verifies as the program does, and compares with what must come out. What may go either way may.
fn check(what: &str, id: usize, result: TestResult, accepted: bool) {
    match result {
        TestResult::Valid => assert!(accepted, "{what} {id} must verify"),
        TestResult::Invalid => assert!(!accepted, "{what} {id} must not verify"),
        TestResult::Acceptable => {}
    }
}

fn verifies(signature: &[u8], message: &[u8], key: &DecodingKey, algorithm: Algorithm) -> bool {
    verify(&BASE64.encode(signature), message, key, algorithm).unwrap_or(false)
}

#[test]
fn es256() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut tested = 0;
    for group in &set.test_groups {
        let point: &[u8] = &group.key.key;
        assert_eq!((point.len(), point[0]), (65, 4));
        let key =
            DecodingKey::from_ec_components(&BASE64.encode(&point[1..33]), &BASE64.encode(&point[33..]))
                .unwrap();
        for test in &group.tests {
            check("ES256", test.tc_id, test.result, verifies(&test.sig, &test.msg, &key, Algorithm::ES256));
            tested += 1;
        }
    }
    assert!(tested > 100, "{tested}");
}

#[test]
fn eddsa() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut tested = 0;
    for group in &set.test_groups {
        let key = DecodingKey::from_ed_components(&BASE64.encode(&*group.key.pk)).unwrap();
        for test in &group.tests {
            check("EdDSA", test.tc_id, test.result, verifies(&test.sig, &test.msg, &key, Algorithm::EdDSA));
            tested += 1;
        }
    }
    assert!(tested > 100, "{tested}");
}

#[test]
fn rs256() {
    let set = rsa_pkcs1_verify::TestSet::load(rsa_pkcs1_verify::TestName::Rsa3072Sha256).unwrap();
    let mut tested = 0;
    for group in &set.test_groups {
        // Written as ASN.1 integers, with a sign.
        let start = group.key.n.iter().position(|byte| *byte != 0).unwrap();
        let key = DecodingKey::from_rsa_raw_components(&group.key.n[start..], &group.key.e);
        for test in &group.tests {
            check("RS256", test.tc_id, test.result, verifies(&test.sig, &test.msg, &key, Algorithm::RS256));
            tested += 1;
        }
    }
    assert!(tested > 100, "{tested}");
}

#[test]
fn hs256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut tested = 0;
    // Tags are never truncated here.
    for group in set.test_groups.iter().filter(|group| group.tag_size == 256) {
        for test in &group.tests {
            let key = DecodingKey::from_secret(&test.key);
            check("HS256", test.tc_id, test.result, verifies(&test.tag, &test.msg, &key, Algorithm::HS256));
            tested += 1;
        }
    }
    assert!(tested > 50, "{tested}");
}

/// What the vault seals with: AES-256-GCM with nonces of 96 bits and tags of 128.
#[test]
fn sealing() {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut tested = 0;
    for group in set
        .test_groups
        .iter()
        .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128))
    {
        for test in &group.tests {
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &test.key).unwrap());
            let nonce = Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
            let mut data = [&test.ct[..], &test.tag[..]].concat();
            let opened =
                key.open_in_place(nonce, Aad::from(&test.aad[..]), &mut data).map(|plain| plain.to_vec());
            check("AES-256-GCM", test.tc_id, test.result, opened.is_ok());
            if let Ok(plain) = opened {
                assert_eq!(plain, *test.pt);
            }
            tested += 1;
        }
    }
    assert!(tested > 20, "{tested}");
}
