// cargo add jsonwebtoken --features aws_lc_rs; cargo add serde --features derive
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::{ErrorKind, Result},
    jwk::JwkSet,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub roles: Vec<String>,
}

/// The claims of a valid access token. `keys` is what `/.well-known/jwks.json` answers; keep it for as long as its
/// `Cache-Control` says, and fetch it again when a `kid` is not in it.
pub fn verify(token: &str, keys: &JwkSet, issuer: &str, audience: &str) -> Result<Claims> {
    let header = decode_header(token)?;
    let kid = header.kid.ok_or(ErrorKind::InvalidToken)?;
    let key = keys.find(&kid).ok_or(ErrorKind::InvalidToken)?;
    // The key says which algorithm is used with it; what the token says must agree.
    let algorithm: Algorithm =
        key.common.key_algorithm.ok_or(ErrorKind::InvalidAlgorithm)?.to_string().parse()?;
    if header.typ.as_deref() != Some("at+jwt") {
        return Err(ErrorKind::InvalidToken.into());
    }
    let mut validation = Validation::new(algorithm);
    validation.leeway = 5;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    Ok(decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}
