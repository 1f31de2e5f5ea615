//! Access tokens for clients (RFC 9068): good at the services that they name, and at Latchkey's userinfo endpoint. Under
//! `/api` they open nothing: other keys sign them, and neither their audience nor their client is the portal's.

use std::{fmt, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

use super::verify::{Lifetime, SignedToken, TokenError, verify_signature};
use crate::{
    model::{
        id::{ClientSessionId, GrantId, UserId},
        level::Level,
        methods::Methods,
        oauth::{
            client_id::ClientId,
            resource::{Resource, Resources},
            scope::{OPENID, Scopes},
        },
        role::Roles,
    },
    server::{
        clock::Timestamp,
        config::{LONGEST_CLIENT_TOKEN, TokenConfig, userinfo_endpoint},
        crypto::entropy::Entropy,
        keys::{
            error::KeyError,
            key_set::{ACCESS_TOKEN_TYPE, KeySet, SigningKey},
            line::KeyLine,
        },
    },
};

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    User {
        id: &'a UserId,
        /// Of the account: changes of roles count it up.
        epoch: u64,
        authentication: Authentication,
    },
    /// The client itself.
    Client,
}

/// When and how a person has proved who they are, as a client is told.
#[derive(Clone, Copy, Debug)]
pub struct Authentication {
    pub at: Timestamp,
    pub methods: Methods,
    /// The level that the client asked for, or else the highest that these methods come to.
    pub acr: Level,
}

/// What an access token for a client is to say.
#[derive(Clone, Copy, Debug)]
pub struct ClientAccess<'a> {
    pub client: &'a ClientId,
    pub subject: Subject<'a>,
    /// The session of the person as the client knows it.
    pub sid: Option<&'a ClientSessionId>,
    /// The token ends with it. One that no grant stands behind has a random one.
    pub grant: &'a GrantId,
    /// Of the refresh token that is handed out with it.
    pub generation: u64,
    /// The services that it is for; none: userinfo alone.
    pub resources: &'a Resources,
    pub scopes: &'a Scopes,
    /// For services that are configured to get them.
    pub roles: Option<Roles>,
    pub expires_at: Timestamp,
}

/// The services that a token is for: one as a string, several as a list (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub fn has(&self, service: &str) -> bool {
        match self {
            Self::One(one) => one == service,
            Self::Several(several) => several.iter().any(|one| one == service),
        }
    }

    fn of(access: &ClientAccess<'_>, issuer: &str) -> Self {
        let mut all: Vec<_> = access.resources.iter().map(Resource::to_string).collect();
        if all.is_empty() || access.scopes.contains(OPENID) {
            all.push(userinfo_endpoint(issuer));
        }
        match <[String; 1]>::try_from(all) {
            Ok([one]) => Self::One(one),
            Err(several) => Self::Several(several),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ClientClaims {
    iss: String,
    sub: String,
    aud: Audience,
    client_id: ClientId,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr: Option<Level>,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: ClientTokenId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<ClientSessionId>,
    scope: Scopes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roles: Option<Roles>,
}

/// What a valid access token of a client proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedClientToken {
    pub client: ClientId,
    /// The person; nobody where the client speaks for itself.
    pub user: Option<UserId>,
    pub session: Option<ClientSessionId>,
    pub id: ClientTokenId,
    pub audience: Audience,
    pub scopes: Scopes,
    /// Name of the key that has signed it.
    pub kid: String,
    pub authenticated_at: Option<Timestamp>,
    pub acr: Option<Level>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The `jti`: `<random>.<grant>.<generation>.<epoch>`; opaque to others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientTokenId {
    pub nonce: [u8; 16],
    pub grant: GrantId,
    /// Of the refresh token that was handed out with it.
    pub generation: u64,
    /// Of the account.
    pub epoch: u64,
}

/// A `jti` that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a client's token")]
pub struct InvalidClientTokenId;

impl TryFrom<String> for ClientTokenId {
    type Error = InvalidClientTokenId;
    fn try_from(text: String) -> Result<Self, InvalidClientTokenId> {
        let parts: Vec<_> = text.split('.').collect();
        let [nonce, grant, generation, epoch] = parts[..] else { return Err(InvalidClientTokenId) };
        let nonce = BASE64.decode(nonce).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            nonce: nonce.ok_or(InvalidClientTokenId)?,
            grant: GrantId::parse(grant).map_err(|_| InvalidClientTokenId)?,
            generation: generation.parse().map_err(|_| InvalidClientTokenId)?,
            epoch: epoch.parse().map_err(|_| InvalidClientTokenId)?,
        })
    }
}

impl From<ClientTokenId> for String {
    fn from(id: ClientTokenId) -> Self {
        format!("{}.{}.{}.{}", BASE64.encode(id.nonce), id.grant, id.generation, id.epoch)
    }
}

impl fmt::Debug for ClientTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

/// Signs an access token for a client.
pub fn sign_client_access(
    key: &SigningKey,
    config: &TokenConfig,
    now: Timestamp,
    entropy: &Entropy,
    access: &ClientAccess<'_>,
) -> Result<String, KeyError> {
    let (sub, epoch, authentication) = match access.subject {
        Subject::User { id, epoch, authentication } => (id.to_string(), epoch, Some(authentication)),
        Subject::Client => (access.client.to_string(), 0, None),
    };
    let amr = authentication.map(|authentication| authentication.methods.references());
    let claims = ClientClaims {
        iss: config.issuer.clone(),
        sub,
        aud: Audience::of(access, &config.issuer),
        client_id: access.client.clone(),
        iat: now.seconds(),
        auth_time: authentication.map(|authentication| authentication.at.seconds()),
        amr: amr.into_iter().flatten().map(str::to_owned).collect(),
        acr: authentication.map(|authentication| authentication.acr),
        exp: access.expires_at.seconds(),
        nbf: None,
        jti: ClientTokenId {
            nonce: entropy.bytes()?,
            grant: access.grant.clone(),
            generation: access.generation,
            epoch,
        },
        sid: access.sid.cloned(),
        scope: access.scopes.clone(),
        roles: access.roles,
    };
    key.sign(ACCESS_TOKEN_TYPE, &claims, entropy)
}

/// Verifies an access token of a client at `now`: form, signature and claims. The denylist is asked by the caller.
pub fn verify_client_access(
    token: &str,
    keys: &KeySet,
    config: &TokenConfig,
    now: Timestamp,
) -> Result<VerifiedClientToken, TokenError> {
    let is_clients = |line| matches!(line, KeyLine::Clients(_));
    check_client(&verify_signature(token, ACCESS_TOKEN_TYPE, is_clients, keys, now)?, config, now)
}

/// Reads the claims of an access token that a key of the clients has signed.
pub fn check_client(
    SignedToken { key, claims }: &SignedToken,
    config: &TokenConfig,
    now: Timestamp,
) -> Result<VerifiedClientToken, TokenError> {
    let claims: ClientClaims = serde_json::from_slice(claims).map_err(|_| TokenError::Claims)?;
    if claims.iss != config.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud.has(&config.audience) {
        return Err(TokenError::Audience);
    }
    let user = if claims.sub == claims.client_id.as_str() {
        None
    } else {
        Some(UserId::parse(&claims.sub).map_err(|_| TokenError::Claims)?)
    };
    let lifetime = Lifetime { iat: claims.iat, nbf: claims.nbf, exp: claims.exp };
    let longest: Duration = LONGEST_CLIENT_TOKEN;
    let expires_at = lifetime.check(longest, now)?;
    Ok(VerifiedClientToken {
        client: claims.client_id,
        user,
        session: claims.sid,
        id: claims.jti,
        audience: claims.aud,
        scopes: claims.scope,
        kid: key.kid.clone(),
        authenticated_at: claims.auth_time.map(Timestamp::from_seconds),
        acr: claims.acr,
        issued_at: Timestamp::from_seconds(claims.iat),
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_token_is_read_as_it_was_written() {
        let grant = GrantId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap();
        let id = ClientTokenId { nonce: [7; 16], grant, generation: 3, epoch: 12 };
        let text = String::from(id.clone());
        assert_eq!(ClientTokenId::try_from(text.clone()), Ok(id));
        for other in ["", "a.b", "a.b.c.d", &format!("{text}.1"), &text.replace("019a", "x19a")] {
            assert!(ClientTokenId::try_from(other.to_owned()).is_err(), "{other}");
        }
    }
}
