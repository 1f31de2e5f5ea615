//! What a client gets: signed after the commit, in the request's own task.

use serde::Serialize;

use crate::{
    model::{
        id::GrantId,
        oauth::{
            resource::Resources,
            scope::{OPENID, Scopes},
        },
    },
    server::{
        clock::Timestamp,
        error::Error,
        grants::{self, Granted},
        oauth::{error::OAuthError, signing},
        state::AppState,
        store::{clients::Client, grants::GrantRecord},
        tokens::{
            client_access::{Authentication, ClientAccess, Subject},
            id_token::IdToken,
            person_claims::PersonClaims,
        },
    },
};

/// A successful answer (RFC 6749 §5.1).
#[derive(Serialize)]
pub struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    scope: Scopes,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenAnswer").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// When an access token expires that is made now.
pub fn access_token_expiry(state: &AppState, client: &Client, now: Timestamp) -> Timestamp {
    grants::access_token_expiry(state.config.tokens.client_access_ttl, client, now)
}

impl Granted {
    /// Signs the tokens.
    pub async fn respond(
        &self,
        state: &AppState,
        client: &Client,
        now: Timestamp,
    ) -> Result<TokenAnswer, OAuthError> {
        let Self { grant, user, .. } = self;
        let access = ClientAccess {
            client: &client.id,
            subject: Subject::User {
                id: &user.id,
                epoch: user.token_epoch,
                authentication: authentication(grant),
            },
            sid: Some(&grant.client_session),
            grant: &grant.id,
            generation: grant.generation,
            resources: &self.resources,
            scopes: &self.scopes,
            expires_at: self.expires_at,
        };
        let minted = signing::access_token(state, now, &access).await?;
        let id_token = if self.scopes.contains(OPENID) {
            Some(self.id_token(state, client, now, &minted.token).await?)
        } else {
            None
        };
        let refresh_token = state.refresh_keys.client_token(&grant.id, grant.generation, &grant.salt);
        let refresh_token = refresh_token.map_err(Error::from)?;
        Ok(TokenAnswer {
            access_token: minted.token,
            token_type: "Bearer",
            expires_in: (minted.expires_at - now).as_secs(),
            refresh_token: Some(refresh_token.as_str().to_owned()),
            id_token,
            scope: self.scopes.clone(),
        })
    }

    async fn id_token(
        &self,
        state: &AppState,
        client: &Client,
        now: Timestamp,
        access_token: &str,
    ) -> Result<String, OAuthError> {
        let Self { grant, user, .. } = self;
        let person = if client.claims_in_id_token {
            PersonClaims::of(user, &self.groups, &self.scopes)
        } else {
            PersonClaims::default()
        };
        let token = IdToken {
            client: &client.id,
            user: &user.id,
            sid: &grant.sign_in,
            authentication: authentication(grant),
            nonce: self.nonce.as_deref(),
            access_token,
            person,
        };
        Ok(signing::id_token(state, now, client, &token).await?)
    }
}

/// What was proved when the grant was made. A refresh copies it.
fn authentication(grant: &GrantRecord) -> Authentication {
    let acr = grant.acr.unwrap_or_else(|| grant.methods.level());
    Authentication { at: grant.auth_time, methods: grant.methods, acr }
}

/// What a client gets for itself: no refresh token and no ID token.
pub async fn for_itself(
    state: &AppState,
    now: Timestamp,
    client: &Client,
    scopes: &Scopes,
    resources: &Resources,
) -> Result<TokenAnswer, OAuthError> {
    // Nothing stands behind it, but so it can be named.
    let grant = state.entropy.uuid(now).map_err(Error::from)?;
    let grant = GrantId::parse(&grant).map_err(Error::from)?;
    let access = ClientAccess {
        client: &client.id,
        subject: Subject::Client,
        sid: None,
        grant: &grant,
        generation: 0,
        resources,
        scopes,
        expires_at: access_token_expiry(state, client, now),
    };
    let minted = signing::access_token(state, now, &access).await?;
    Ok(TokenAnswer {
        access_token: minted.token,
        token_type: "Bearer",
        expires_in: (minted.expires_at - now).as_secs(),
        refresh_token: None,
        id_token: None,
        scope: scopes.clone(),
    })
}
