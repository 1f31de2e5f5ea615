//! The providers that people can come in through: one's own, and all of them for administrators. Fields of theirs are named as the
//! options of `latchkey provider` are.

#![expect(clippy::too_many_arguments, reason = "each is a field of a form")]

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        error::ApiError,
        json::Json,
        upstream::{
            linked::{LinkAddress, LinkedProvider},
            report::{ProviderDetails, ProviderList, ProviderReport},
        },
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

/// All providers by name.
#[server(prefix = "/api", endpoint = "admin/providers/list", client = AuthClient, output = Json)]
pub async fn list_all_providers() -> Result<ProviderList, ApiError> {
    use crate::{
        model::role::Permission,
        server::{request::caller::Caller, upstream::report},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        report::list(&caller.state).await
    })
    .await
}

/// One provider. Its secret is in no answer.
#[server(prefix = "/api", endpoint = "admin/providers/get", client = AuthClient, output = Json)]
pub async fn get_provider(slug: String) -> Result<ProviderDetails, ApiError> {
    use crate::{
        model::{role::Permission, upstream::slug::ProviderSlug},
        server::{error::Error, request::caller::Caller, upstream::report},
    };
    Caller::respond(async |caller| {
        caller.require(Permission::ReadAdministration).await?;
        let slug = ProviderSlug::parse(&slug).map_err(|_| Error::NotFound)?;
        report::details(&caller.state, &slug).await
    })
    .await
}

/// Sets up a provider, which is asked about itself first. Scopes and algorithms that are left out or empty are what is usual.
#[server(prefix = "/api", endpoint = "admin/providers/add", client = AuthClient, output = Json)]
pub async fn add_provider(
    slug: String,
    preset: String,
    name: String,
    client_id: String,
    client_secret: Option<String>,
    issuer: Option<String>,
    scope: Option<String>,
    algorithm: Option<String>,
    sign_up: Option<String>,
    domain: Option<String>,
    linking: Option<String>,
    rule: Option<String>,
    admin_by_rule: Option<String>,
    allow_private_address: Option<String>,
) -> Result<ProviderReport, ApiError> {
    use crate::{
        model::{role::Permission, upstream::preset::Preset},
        server::{
            error::Error,
            request::caller::Caller,
            upstream::{
                ProviderForm,
                providers::{self, NewProvider},
                report,
            },
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let preset = Preset::parse(&preset).map_err(|problem| Error::invalid("preset", problem))?;
        let form = ProviderForm {
            name: Some(name),
            client_id: Some(client_id),
            client_secret,
            scope,
            algorithm,
            sign_up,
            domain,
            linking,
            rule,
            admin_by_rule,
            allow_private_address,
        };
        let new = NewProvider { slug, preset, issuer };
        let actor = Some(&principal.user);
        let provider =
            providers::add(&caller.state, caller.context(), actor, &new, &form.try_into()?).await?;
        Ok(report::report(&provider, &caller.state.config.tokens))
    })
    .await
}

/// Sets all that can be set of a provider. An empty secret stays as it is; of the other fields, what is empty is none, and one
/// that does not come is missing.
#[server(prefix = "/api", endpoint = "admin/providers/update", client = AuthClient, output = Json)]
pub async fn update_provider(
    slug: String,
    name: String,
    client_id: String,
    client_secret: Option<String>,
    scope: String,
    algorithm: String,
    sign_up: String,
    domain: Option<String>,
    linking: String,
    rule: String,
    admin_by_rule: String,
    allow_private_address: String,
) -> Result<ProviderReport, ApiError> {
    use crate::{
        model::{role::Permission, upstream::slug::ProviderSlug},
        server::{
            error::Error,
            request::caller::Caller,
            upstream::{ProviderForm, providers, report},
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let slug = ProviderSlug::parse(&slug).map_err(|_| Error::NotFound)?;
        let form = ProviderForm {
            name: Some(name),
            client_id: Some(client_id),
            client_secret,
            scope: Some(scope),
            algorithm: Some(algorithm),
            sign_up: Some(sign_up),
            domain,
            linking: Some(linking),
            rule: Some(rule),
            admin_by_rule: Some(admin_by_rule),
            allow_private_address: Some(allow_private_address),
        };
        let actor = Some(&principal.user);
        let provider =
            providers::update(&caller.state, caller.context(), actor, &slug, &form.try_into()?).await?;
        Ok(report::report(&provider, &caller.state.config.tokens))
    })
    .await
}

/// Switches a provider off: nobody comes in through it. Sessions go on.
#[server(prefix = "/api", endpoint = "admin/providers/disable", client = AuthClient, output = Json)]
pub async fn disable_provider(slug: String) -> Result<ProviderReport, ApiError> {
    set_enabled(slug, false).await
}

/// Switches a provider on again.
#[server(prefix = "/api", endpoint = "admin/providers/enable", client = AuthClient, output = Json)]
pub async fn enable_provider(slug: String) -> Result<ProviderReport, ApiError> {
    set_enabled(slug, true).await
}

#[cfg(feature = "ssr")]
async fn set_enabled(slug: String, enabled: bool) -> Result<ProviderReport, ApiError> {
    use crate::{
        model::{role::Permission, upstream::slug::ProviderSlug},
        server::{
            error::Error,
            request::caller::Caller,
            upstream::{providers, report},
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let slug = ProviderSlug::parse(&slug).map_err(|_| Error::NotFound)?;
        let actor = Some(&principal.user);
        let provider = providers::set_enabled(&caller.state, caller.context(), actor, &slug, enabled).await?;
        Ok(report::report(&provider, &caller.state.config.tokens))
    })
    .await
}

/// Removes a provider, and forgets who people are there.
#[server(prefix = "/api", endpoint = "admin/providers/remove", client = AuthClient, output = Json)]
pub async fn remove_provider(slug: String) -> Result<(), ApiError> {
    use crate::{
        model::{role::Permission, upstream::slug::ProviderSlug},
        server::{error::Error, request::caller::Caller, upstream::providers},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::Administer).await?;
        let slug = ProviderSlug::parse(&slug).map_err(|_| Error::NotFound)?;
        providers::remove(&caller.state, caller.context(), Some(&principal.user), &slug).await
    })
    .await
}
