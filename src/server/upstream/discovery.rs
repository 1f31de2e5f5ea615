//! What a provider says of itself: asked for when it is set up, and once a day.

use std::time::Duration;

use super::github;
use crate::{
    model::upstream::{issuer::Issuer, metadata::Metadata, preset::Preset},
    server::{
        clock::Timestamp,
        error::Error,
        fetch::{Credential, FetchError, Fetcher, Reach, target},
        key_sets::reach,
        state::AppState,
        store::upstream_providers::{self, DiscoveryFailure, Provider},
    },
};

/// How long metadata counts.
const MAX_AGE: Duration = Duration::from_secs(86_400);

/// Why a provider can't be set up, as an administrator is told.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error("The provider can\u{2019}t be asked about itself: {0}.")]
    Fetch(#[from] FetchError),
    #[error("The provider answered {0} where its metadata should be.")]
    Status(u16),
    #[error("What the provider says of itself is no metadata of an OpenID Provider.")]
    NotMetadata,
    #[error("The provider calls itself {0:?}. Enter it exactly so.")]
    OtherIssuer(String),
    #[error("An address that the provider names may not be called: {0:?}.")]
    Address(String),
}

/// Asks a provider about itself. It must call itself byte for byte as it is called here, or it could speak for another.
pub async fn discover(
    fetcher: &Fetcher,
    preset: Preset,
    issuer: &Issuer,
    reach: Reach,
) -> Result<Metadata, DiscoveryError> {
    if preset == Preset::GitHub {
        return Ok(github::metadata());
    }
    let answer = fetcher.get(&issuer.discovery_address(), reach, Credential::None).await?;
    if answer.status != 200 {
        return Err(DiscoveryError::Status(answer.status.as_u16()));
    }
    read_metadata(&answer.body, issuer, reach)
}

/// Reads what a provider says of itself.
pub fn read_metadata(body: &[u8], issuer: &Issuer, reach: Reach) -> Result<Metadata, DiscoveryError> {
    let metadata: Metadata = serde_json::from_slice(body).map_err(|_| DiscoveryError::NotMetadata)?;
    if metadata.issuer != issuer.as_str() {
        return Err(DiscoveryError::OtherIssuer(metadata.issuer.chars().take(300).collect()));
    }
    if metadata.jwks_uri.is_none() {
        return Err(DiscoveryError::NotMetadata);
    }
    // Parsing leaves blanks and line breaks out, which would still be in a header.
    let is_good =
        |address: &str| address.bytes().all(|byte| byte.is_ascii_graphic()) && target(address, reach).is_ok();
    if let Some(address) = metadata.addresses().find(|address| !is_good(address)) {
        return Err(DiscoveryError::Address(address.chars().take(300).collect()));
    }
    Ok(metadata)
}

/// Asks those providers again that were asked a day ago. One that does not answer stays as it is known, and is asked again
/// the next time.
pub async fn discover_again(state: &AppState, now: Timestamp) -> Result<(), Error> {
    let mut reader = state.store.read().await?;
    let known = upstream_providers::all(&mut reader).await?;
    drop(reader);
    for provider in known.iter().filter(|provider| provider.is_enabled() && is_old(provider, now)) {
        let fetcher = state.key_sets.fetcher().await?;
        match discover(fetcher, provider.preset, &provider.issuer, reach(provider)).await {
            Ok(metadata) => renew(state, provider, metadata, now).await?,
            Err(error) => {
                tracing::warn!(provider = %provider.slug, %error, "a provider could not be asked about itself");
                note_failure(state, provider, &error, now).await?;
            }
        }
    }
    Ok(())
}

fn is_old(provider: &Provider, now: Timestamp) -> bool {
    provider.discovered_at + MAX_AGE <= now
}

async fn renew(state: &AppState, asked: &Provider, metadata: Metadata, now: Timestamp) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    let Some(provider) = upstream_providers::lock_by_id(&mut tx, &asked.id).await? else { return Ok(()) };
    // Whoever changed where it may be has asked it about itself too.
    if provider.private_address == asked.private_address {
        let renewed = Provider { metadata, discovered_at: now, discovery_failure: None, ..provider };
        upstream_providers::update(&mut tx, &renewed).await?;
    }
    Ok(tx.commit().await?)
}

/// Keeps what went wrong, for administrators to see.
async fn note_failure(
    state: &AppState,
    asked: &Provider,
    error: &DiscoveryError,
    now: Timestamp,
) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    let Some(provider) = upstream_providers::lock_by_id(&mut tx, &asked.id).await? else { return Ok(()) };
    let failure = DiscoveryFailure { at: now, problem: error.to_string() };
    upstream_providers::update(&mut tx, &Provider { discovery_failure: Some(failure), ..provider }).await?;
    Ok(tx.commit().await?)
}
