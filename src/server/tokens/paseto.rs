//! PASETO `v4.public`: a payload with a signature of Ed25519 over it and a footer. There is nothing to negotiate: the version
//! says it all.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use super::verify::TokenError;

/// What a token begins with.
pub const HEADER: &str = "v4.public.";
const SIGNATURE_LENGTH: usize = 64;

/// What is signed: header, payload, footer and an assertion that is not sent, each with its length before it, so that
/// nothing can move from one to the next (pre-authentication encoding).
pub fn message(payload: &[u8], footer: &[u8], assertion: &[u8]) -> Vec<u8> {
    let parts = [HEADER.as_bytes(), payload, footer, assertion];
    let length = |length: usize| (length as u64 & (u64::MAX >> 1)).to_le_bytes();
    let mut message = length(parts.len()).to_vec();
    for part in parts {
        message.extend(length(part.len()));
        message.extend(part);
    }
    message
}

/// A token of a payload, its signature and a footer.
pub fn write(payload: &[u8], signature: &[u8], footer: &[u8]) -> String {
    format!("{HEADER}{}.{}", BASE64.encode([payload, signature].concat()), BASE64.encode(footer))
}

/// A token that was taken apart and is not yet believed.
#[derive(Debug)]
pub struct Parts {
    payload: Vec<u8>,
    signature: Vec<u8>,
    pub footer: Vec<u8>,
}

impl Parts {
    /// Takes a token with a footer apart.
    pub fn of(token: &str) -> Result<Self, TokenError> {
        let rest = token.strip_prefix(HEADER).ok_or(TokenError::Type)?;
        let (body, footer) = rest.split_once('.').ok_or(TokenError::NotCompact)?;
        let decode = |part: &str| BASE64.decode(part).map_err(|_| TokenError::NotCompact);
        let mut payload = decode(body)?;
        let length = payload.len().checked_sub(SIGNATURE_LENGTH).ok_or(TokenError::NotCompact)?;
        let signature = payload.split_off(length);
        Ok(Self { payload, signature, footer: decode(footer)? })
    }

    /// The payload, if whoever has this key has signed it.
    pub fn verify(self, public: &[u8], assertion: &[u8]) -> Result<Vec<u8>, TokenError> {
        let message = message(&self.payload, &self.footer, assertion);
        let verified = UnparsedPublicKey::new(&ED25519, public).verify(&message, &self.signature);
        verified.map(|()| self.payload).map_err(|_| TokenError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::Ed25519KeyPair;

    use super::*;

    const SEED: &str = "tMv7Q99M4hByfZU-SnEzB_oZu32fhQQUONnhG5QqN3Q";
    const PUBLIC: &str = "Hrnbu7wEfAP9cGBOAHHwmH4Wsot1ciXBHwBBXQ4gsaI";
    const PAYLOAD: &str = r#"{"data":"this is a signed message","exp":"2022-01-01T00:00:00+00:00"}"#;
    const FOOTER: &str = r#"{"kid":"zVhMiPBP9fRf2snEcT7gFTioeA9COcNy9DfgL1W60haN"}"#;

    /// 4-S-2 and 4-S-3 of the standard's vectors: each with its assertion.
    const VECTORS: [(&str, &str); 2] = [
        (
            "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9v3Jt8mx_TdM2ceTGoqwrh4yDFn0XsHvvV_D0DtwQxVrJEBMl0F2caAdgnpKlt4p7xBnx1HcO-SPo8FPp214HDw.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9",
            "",
        ),
        (
            "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9NPWciuD3d0o5eXJXG5pJy-DiVEoyPYWs1YSTwWHNJq6DZD3je5gf-0M4JR9ipdUSJbIovzmBECeaWmaqcaP0DQ.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9",
            r#"{"test-vector":"4-S-3"}"#,
        ),
    ];
    /// 4-S-1: without a footer, which is none of ours.
    const WITHOUT_FOOTER: &str = "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQEDA";

    fn sign(footer: &str, assertion: &str) -> String {
        let key = Ed25519KeyPair::from_seed_unchecked(&BASE64.decode(SEED).unwrap()).unwrap();
        let message = message(PAYLOAD.as_bytes(), footer.as_bytes(), assertion.as_bytes());
        write(PAYLOAD.as_bytes(), key.sign(&message).as_ref(), footer.as_bytes())
    }

    fn verify(token: &str, assertion: &str) -> Result<Vec<u8>, TokenError> {
        Parts::of(token)?.verify(&BASE64.decode(PUBLIC).unwrap(), assertion.as_bytes())
    }

    #[test]
    fn tokens_are_made_and_verified_as_in_the_standards_vectors() {
        for (token, assertion) in VECTORS {
            assert_eq!(sign(FOOTER, assertion), token);
            assert_eq!(verify(token, assertion).unwrap(), PAYLOAD.as_bytes());
            assert_eq!(verify(token, "another").unwrap_err(), TokenError::Signature);
        }
        assert_eq!(sign("", "").trim_end_matches('.'), WITHOUT_FOOTER);
        assert_eq!(verify(WITHOUT_FOOTER, "").unwrap_err(), TokenError::NotCompact);
    }

    #[test]
    fn a_token_of_another_version_or_purpose_is_refused() {
        for header in
            ["v4.local.", "v3.public.", "v3.local.", "v2.public.", "v2.local.", "v1.public.", "V4.public."]
        {
            let token = VECTORS[0].0.replace(HEADER, header);
            assert_eq!(verify(&token, "").unwrap_err(), TokenError::Type, "{header}");
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused() {
        let (body, footer) = VECTORS[0].0[HEADER.len()..].split_once('.').unwrap();
        let (body, footer) = (BASE64.decode(body).unwrap(), BASE64.decode(footer).unwrap());
        for bit in 0..8 * (body.len() + footer.len()) {
            let (mut body, mut footer) = (body.clone(), footer.clone());
            let byte = bit / 8;
            match byte.checked_sub(body.len()) {
                None => body[byte] ^= 1 << (bit % 8),
                Some(byte) => footer[byte] ^= 1 << (bit % 8),
            }
            let token = format!("{HEADER}{}.{}", BASE64.encode(&body), BASE64.encode(&footer));
            assert_eq!(verify(&token, "").unwrap_err(), TokenError::Signature, "{bit}");
        }
    }
}
