//! What administrators see of providers.

use super::begin::redirect_uri;
use crate::{
    model::upstream::{
        report::{DiscoveryFailure, ProviderDetails, ProviderList, ProviderReport},
        slug::ProviderSlug,
    },
    server::{
        config::TokenConfig,
        error::Error,
        state::AppState,
        store::{
            upstream_identities,
            upstream_providers::{self, Provider},
        },
    },
};

/// All of them by name: there are a few.
pub async fn list(state: &AppState) -> Result<ProviderList, Error> {
    let tokens = &state.config.tokens;
    let mut reader = state.store.read().await?;
    let accounts = upstream_identities::counts(&mut reader).await?;
    let item = |provider: &Provider| ProviderDetails {
        provider: report(provider, tokens),
        accounts: accounts.get(provider.id.as_str()).copied().unwrap_or_default(),
    };
    let items = upstream_providers::all(&mut reader).await?.iter().map(item).collect();
    Ok(ProviderList { items, redirect_uri: redirect_uri(tokens, "SLUG") })
}

/// One of them.
pub async fn details(state: &AppState, slug: &ProviderSlug) -> Result<ProviderDetails, Error> {
    let mut reader = state.store.read().await?;
    let provider = upstream_providers::by_slug(&mut reader, slug).await?.ok_or(Error::NotFound)?;
    let accounts = upstream_identities::count(&mut reader, &provider.id).await?;
    Ok(ProviderDetails { provider: report(&provider, &state.config.tokens), accounts })
}

/// A provider with the two addresses that it must know.
pub fn report(provider: &Provider, tokens: &TokenConfig) -> ProviderReport {
    let failure = provider.discovery_failure.clone();
    ProviderReport {
        slug: provider.slug.clone(),
        name: provider.name.to_string(),
        preset: provider.preset,
        issuer: provider.issuer.to_string(),
        client_id: provider.client_id.clone(),
        scope: provider.scopes.to_string(),
        algorithms: provider.algorithms.to_string(),
        sign_up: provider.sign_up.to_string(),
        linking: provider.linking,
        rules: provider.rules.iter().map(ToString::to_string).collect(),
        admin_by_rule: provider.admin_by_rule,
        private_address: provider.private_address,
        enabled: provider.is_enabled(),
        redirect_uri: redirect_uri(tokens, &provider.slug),
        backchannel_logout_uri: format!("{}/auth/upstream/{}/logout", tokens.issuer, provider.slug),
        created_at: provider.created_at.to_utc(),
        discovered_at: provider.discovered_at.to_utc(),
        discovery_failure: failure
            .map(|failure| DiscoveryFailure { at: failure.at.to_utc(), problem: failure.problem }),
    }
}
