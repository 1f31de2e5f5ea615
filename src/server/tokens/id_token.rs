//! ID tokens (OpenID Connect Core §2): tell a client who has signed in, and open nothing.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::Serialize;

use super::{client_access::Authentication, person_claims::PersonClaims};
use crate::{
    model::{
        id::{ClientSessionId, UserId},
        level::Level,
        oauth::client_id::ClientId,
    },
    server::{
        clock::Timestamp,
        config::{LONGEST_CLIENT_TOKEN, TokenConfig},
        crypto::entropy::Entropy,
        keys::{error::KeyError, key_set::SigningKey},
    },
};

/// The media type, without which some libraries refuse it.
pub const ID_TOKEN_TYPE: &str = "JWT";

/// What an ID token is to say.
#[derive(Clone, Debug)]
pub struct IdToken<'a> {
    pub client: &'a ClientId,
    pub user: &'a UserId,
    pub sid: &'a ClientSessionId,
    pub authentication: Authentication,
    /// What the client sent, byte for byte.
    pub nonce: Option<&'a str>,
    /// The access token that is handed out with it.
    pub access_token: &'a str,
    /// What else it says of the person.
    pub person: PersonClaims,
}

#[derive(Serialize)]
struct IdTokenClaims<'a> {
    iss: &'a str,
    sub: &'a UserId,
    aud: &'a ClientId,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    amr: Vec<&'static str>,
    acr: Level,
    at_hash: String,
    sid: &'a ClientSessionId,
    #[serde(flatten)]
    person: &'a PersonClaims,
}

/// Signs an ID token. It lives for an hour: clients look at it once, when it arrives.
pub fn sign_id_token(
    key: &SigningKey,
    config: &TokenConfig,
    now: Timestamp,
    entropy: &Entropy,
    token: &IdToken<'_>,
) -> Result<String, KeyError> {
    let claims = IdTokenClaims {
        iss: &config.issuer,
        sub: token.user,
        aud: token.client,
        exp: (now + LONGEST_CLIENT_TOKEN).seconds(),
        iat: now.seconds(),
        auth_time: token.authentication.at.seconds(),
        nonce: token.nonce,
        amr: token.authentication.methods.references(),
        acr: token.authentication.acr,
        at_hash: access_token_hash(token.access_token),
        sid: token.sid,
        person: &token.person,
    };
    key.sign(ID_TOKEN_TYPE, &claims, entropy)
}

/// The left half of the hash, with the hash of the signature's algorithm (OpenID Connect Core §3.1.3.6). All of ours use
/// SHA-256.
fn access_token_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    BASE64.encode(&hash.as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_access_token_is_the_one_of_the_standards_example() {
        // OpenID Connect Core, appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(access_token_hash(token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
