//! What a client may know of the person who signed in (OpenID Connect Core §5.3).

use serde::Serialize;

use crate::{
    model::{
        id::UserId,
        oauth::scope::{GROUPS, OPENID},
    },
    server::{
        config::userinfo_endpoint,
        error::Error,
        state::AppState,
        store::{groups, users::User},
        tokens::{client_access::VerifiedClientToken, person_claims::PersonClaims, verify::TokenError},
    },
};

#[derive(Debug, Serialize)]
pub struct UserInfo {
    sub: UserId,
    #[serde(flatten)]
    person: PersonClaims,
}

/// What the scopes of a client's access token allow. The token must be for this endpoint: a service that got it for itself
/// learns nothing here, unless the person has signed in with it too.
pub async fn userinfo(state: &AppState, token: &VerifiedClientToken) -> Result<UserInfo, Error> {
    if !token.audience.has(&userinfo_endpoint(&state.config.tokens.issuer)) {
        return Err(TokenError::Audience.into());
    }
    let id = token.user.as_ref().filter(|_| token.scopes.contains(OPENID)).ok_or(Error::Forbidden)?;
    let user = state.loader.user(id).await?.filter(User::is_enabled).ok_or(TokenError::Revoked)?;
    let found = state.loader.client(&token.client).await?;
    found.filter(|found| found.client.is_enabled()).ok_or(TokenError::Revoked)?;
    let groups = if token.scopes.contains(GROUPS) {
        let mut reader = state.store.read().await?;
        groups::names_of_user(&mut reader, id).await?
    } else {
        Vec::new()
    };
    let person = PersonClaims::of(&user, &groups, &token.scopes);
    Ok(UserInfo { sub: user.id, person })
}
