// cargo add aws-lc-rs base64 serde_json
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree},
    digest::{SHA256, digest},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;

/// The signed token inside an encrypted one; nothing if it is not for this key (ECDH-ES on P-256), or was touched.
pub fn open(token: &str, key: &PrivateKey) -> Option<String> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, "", nonce, content, tag] = parts[..] else { return None };
    let decode = |text: &str| BASE64.decode(text).ok();
    let read: Value = serde_json::from_slice(&decode(header)?).ok()?;
    if (&read["alg"], &read["enc"], &read["cty"]) != (&"ECDH-ES".into(), &"A256GCM".into(), &"JWT".into()) {
        return None;
    }
    let coordinate = |name: &str| decode(read["epk"][name].as_str()?);
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let secret =
        agree(key, UnparsedPublicKey::new(&ECDH_P256, &point), (), |secret| Ok(secret.to_vec())).ok()?;
    // RFC 7518 §4.6.2: one round; the algorithm's name after its length; nothing of the parties; 256 bits.
    let round = [&[0, 0, 0, 1], &secret[..], &[0, 0, 0, 7], b"A256GCM", &[0; 8], &[0, 0, 1, 0]].concat();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, digest(&SHA256, &round).as_ref()).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(&decode(nonce)?).ok()?;
    let mut sealed = [decode(content)?, decode(tag)?].concat();
    let opened = cipher.open_in_place(nonce, Aad::from(header.as_bytes()), &mut sealed).ok()?;
    String::from_utf8(opened.to_vec()).ok()
}
