//! `GET` and `POST /oauth/userinfo` (OpenID Connect Core §5.3).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        error::{ApiError, Code},
        id::UserId,
        role::{Permission, Roles},
    },
    server::{
        accounts::profile,
        error::Error,
        oauth::{error::OAuthError, parameters::Parameters, userinfo},
        request::caller::Caller,
        tokens::{
            access::AnyToken,
            verify::{TokenError, VerifiedToken},
        },
    },
};

/// What the portal's own access token is answered with: the claims that OpenID Connect Core §5.1 names so, and the roles.
#[derive(Debug, Serialize)]
struct OwnInfo<'a> {
    sub: &'a UserId,
    name: &'a DisplayName,
    email: &'a EmailAddress,
    email_verified: bool,
    roles: Roles,
}

/// Who the bearer of the access token in the header is. A client's token says what its scopes allow; the portal's, all there
/// is.
pub async fn get(caller: Caller) -> Result<Response, ApiError> {
    Ok(answer(&caller, &verified(&caller, caller.bearer()?)?).await?)
}

/// The same. A client may send its token in the body too (RFC 6750 §2.2), in one place only.
pub async fn post(caller: Caller, parameters: Result<Parameters, OAuthError>) -> Result<Response, ApiError> {
    let malformed = |error: OAuthError| ApiError::new(Code::MalformedRequest, error.description);
    let parameters = parameters.map_err(malformed)?;
    match (caller.bearer(), parameters.get("access_token")) {
        (Ok(_), Some(_)) => {
            Err(ApiError::new(Code::MalformedRequest, "The access token came in two places."))
        }
        (Err(Error::MissingToken), Some(token)) => match verified(&caller, token)? {
            // The portal's goes into the header, as everywhere.
            AnyToken::Portal(_) => Err(Error::from(TokenError::Purpose).into()),
            token @ AnyToken::Client(_) => Ok(answer(&caller, &token).await?),
        },
        (in_header, _) => Ok(answer(&caller, &verified(&caller, in_header?)?).await?),
    }
}

fn verified(caller: &Caller, token: &str) -> Result<AnyToken, Error> {
    Ok(caller.state.tokens.verify_any(token, caller.now)?)
}

async fn answer(caller: &Caller, token: &AnyToken) -> Result<Response, Error> {
    match token {
        AnyToken::Client(token) => Ok(Json(userinfo::userinfo(&caller.state, token).await?).into_response()),
        AnyToken::Portal(token) => own_info(caller, token).await,
    }
}

async fn own_info(caller: &Caller, token: &VerifiedToken) -> Result<Response, Error> {
    let principal = caller.require_of(token, Permission::ReadAccount).await?;
    let user = profile::show(&caller.state, &principal.user).await?;
    let info = OwnInfo {
        sub: &user.id,
        name: &user.display_name,
        email: &user.email,
        email_verified: user.email_verified,
        roles: user.roles,
    };
    Ok(Json(info).into_response())
}
