//! The providers that somebody can come in through.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        error::ApiError,
        json::Json,
        upstream::linked::{LinkAddress, LinkedProvider},
    },
};

/// Those that are linked, and those that may be.
#[server(prefix = "/api", endpoint = "account/providers", client = AuthClient, output = Json)]
pub async fn list_providers() -> Result<Vec<LinkedProvider>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{request::caller::Caller, upstream::identities},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        identities::list(&caller.state, &principal.user).await
    })
    .await
}

/// Begins to link a provider: answers where the browser goes to sign in there.
#[server(prefix = "/api", endpoint = "account/link_provider", client = AuthClient, output = Json)]
pub async fn link_provider(provider: String) -> Result<LinkAddress, ApiError> {
    use crate::{
        model::{role::Permission, upstream::slug::ProviderSlug},
        server::{error::Error, request::caller::Caller, upstream::identities},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let slug = ProviderSlug::parse(&provider).map_err(|_| Error::NotFound)?;
        let cookie = caller.flow_cookie();
        let begun =
            identities::begin_link(&caller.state, caller.context(), &principal, &slug, cookie.as_deref())
                .await?;
        caller.set_flow_cookie(begun.cookie);
        Ok(LinkAddress { address: begun.address })
    })
    .await
}

/// Unlinks a provider, unless nothing else is left to sign in with.
#[server(prefix = "/api", endpoint = "account/unlink_provider", client = AuthClient, output = Json)]
pub async fn unlink_provider(provider: String) -> Result<(), ApiError> {
    use crate::{
        model::{role::Permission, upstream::slug::ProviderSlug},
        server::{error::Error, request::caller::Caller, upstream::identities},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let slug = ProviderSlug::parse(&provider).map_err(|_| Error::NotFound)?;
        identities::unlink(&caller.state, caller.context(), &principal, &slug).await
    })
    .await
}
