//! Access tokens (RFC 9068): minted with the active signing key, verified by one function, refused early by a denylist.

use std::{sync::Arc, time::Duration};

use super::{
    cache::{Verified, VerifiedCache},
    claims::{Claims, PORTAL_CLIENT_ID, TokenId},
    client_access::{
        ClientAccess, VerifiedClientToken, check_client, sign_client_access, verify_client_access,
    },
    denylist::Denylist,
    verify::{TokenError, VerifiedToken, check, verify, verify_signature},
};
use crate::server::{
    clock::Timestamp,
    config::TokenConfig,
    crypto::entropy::Entropy,
    keys::{
        error::KeyError,
        key_set::{ACCESS_TOKEN_TYPE, KeySet, SigningKey},
        line::KeyLine,
    },
    store::{sessions::SessionRecord, users::User},
};

/// Everything that access tokens need.
#[derive(Debug)]
pub struct AccessTokens {
    config: TokenConfig,
    pub keys: KeySet,
    cache: VerifiedCache<VerifiedToken>,
    client_cache: VerifiedCache<VerifiedClientToken>,
    pub denylist: Denylist,
}

/// An access token that was just signed.
#[derive(Debug)]
pub struct MintedToken {
    pub token: String,
    pub kid: String,
    pub expires_at: Timestamp,
}

/// An access token of either kind.
#[derive(Debug)]
pub enum AnyToken {
    Portal(Arc<VerifiedToken>),
    Client(Arc<VerifiedClientToken>),
}

impl SessionRecord {
    /// Remembers which access token is the newest, and when the last of all expires: one that was made under other
    /// settings may live longer.
    pub fn remember(&mut self, kid: &str, expires_at: Timestamp) {
        kid.clone_into(&mut self.token_kid);
        self.token_expires_at = self.token_expires_at.max(expires_at);
    }

    /// When an access token expires that is made now: it does not outlive its session.
    pub fn access_token_expiry(&self, now: Timestamp, access_ttl: Duration) -> Timestamp {
        (now + access_ttl).min(self.idle_expires_at).min(self.absolute_expires_at)
    }
}

impl AccessTokens {
    pub fn new(config: TokenConfig, keys: KeySet, denylist: Denylist) -> Self {
        Self {
            config,
            keys,
            cache: VerifiedCache::default(),
            client_cache: VerifiedCache::default(),
            denylist,
        }
    }

    /// Signs an access token for the session as it stands, with the key that signs now.
    pub fn mint(
        &self,
        now: Timestamp,
        entropy: &Entropy,
        session: &SessionRecord,
        user: &User,
    ) -> Result<MintedToken, KeyError> {
        self.mint_with(&*self.keys.active(KeyLine::Portal, now)?, now, entropy, session, user)
    }

    /// The same, with a key that was chosen before.
    pub fn mint_with(
        &self,
        key: &SigningKey,
        now: Timestamp,
        entropy: &Entropy,
        session: &SessionRecord,
        user: &User,
    ) -> Result<MintedToken, KeyError> {
        let expires_at = session.access_token_expiry(now, self.config.access_ttl);
        let nonce = entropy.bytes()?;
        let claims = Claims {
            iss: self.config.issuer.clone(),
            aud: self.config.audience.clone(),
            sub: user.id.clone(),
            client_id: PORTAL_CLIENT_ID.to_owned(),
            iat: now.seconds(),
            auth_time: session.authenticated_at.seconds(),
            amr: session.methods.references().into_iter().map(str::to_owned).collect(),
            acr: session.methods.level(),
            exp: expires_at.seconds(),
            nbf: None,
            jti: TokenId { nonce, generation: session.generation, epoch: user.token_epoch },
            sid: session.id.clone(),
            roles: user.roles,
        };
        let token = key.sign(ACCESS_TOKEN_TYPE, &claims, entropy)?;
        Ok(MintedToken { token, kid: key.kid.clone(), expires_at })
    }

    /// Verifies an access token, from memory if it was verified before, and asks the denylist either way.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<VerifiedToken>, TokenError> {
        let verified = match self.known(&self.cache, token, now) {
            Some(known) => known,
            None => self.cache.insert(token, verify(token, &self.keys, &self.config, now)?),
        };
        self.denylist.check(&verified)?;
        Ok(verified)
    }

    /// Verifies an access token where either kind may be presented. Which it is, the key that has signed it says.
    pub fn verify_any(&self, token: &str, now: Timestamp) -> Result<AnyToken, TokenError> {
        let known_client = || self.known(&self.client_cache, token, now).map(AnyToken::Client);
        let known = self.known(&self.cache, token, now).map(AnyToken::Portal).or_else(known_client);
        let verified = match known {
            Some(known) => known,
            None => self.verify_unknown(token, now)?,
        };
        match &verified {
            AnyToken::Portal(verified) => self.denylist.check(verified)?,
            AnyToken::Client(verified) => self.denylist.check_client(verified)?,
        }
        Ok(verified)
    }

    fn verify_unknown(&self, token: &str, now: Timestamp) -> Result<AnyToken, TokenError> {
        let signed = verify_signature(token, ACCESS_TOKEN_TYPE, |_| true, &self.keys, now)?;
        Ok(match signed.key.line {
            KeyLine::Portal => AnyToken::Portal(self.cache.insert(token, check(&signed, &self.config, now)?)),
            KeyLine::Clients(_) => {
                AnyToken::Client(self.client_cache.insert(token, check_client(&signed, &self.config, now)?))
            }
        })
    }

    /// What was verified before. That its key was revoked meanwhile counts.
    fn known<T: Verified>(&self, cache: &VerifiedCache<T>, token: &str, now: Timestamp) -> Option<Arc<T>> {
        cache.get(token, now).filter(|known| self.keys.verifying(known.kid(), now).is_some())
    }

    /// Signs an access token for a client, with a key of the clients.
    pub fn mint_for_client(
        &self,
        key: &SigningKey,
        now: Timestamp,
        entropy: &Entropy,
        access: &ClientAccess<'_>,
    ) -> Result<MintedToken, KeyError> {
        let token = sign_client_access(key, &self.config, now, entropy, access)?;
        Ok(MintedToken { token, kid: key.kid.clone(), expires_at: access.expires_at })
    }

    /// Verifies an access token of a client as [`Self::verify`] does one of the portal. What it is for is not asked: the
    /// caller knows where it was presented.
    pub fn verify_client(&self, token: &str, now: Timestamp) -> Result<Arc<VerifiedClientToken>, TokenError> {
        let verified = match self.known(&self.client_cache, token, now) {
            Some(known) => known,
            None => {
                self.client_cache.insert(token, verify_client_access(token, &self.keys, &self.config, now)?)
            }
        };
        self.denylist.check_client(&verified)?;
        Ok(verified)
    }
}

#[cfg(test)]
impl AccessTokens {
    /// Remembers a token as verified, as a request does that was verifying it meanwhile.
    pub fn remember(&self, token: &str, verified: VerifiedToken) {
        self.cache.insert(token, verified);
    }
}
