//! Providers: set up by administrators and by nobody else.

use serde_json::json;

use super::{ProviderSettings, discovery::discover, settings::one_word};
use crate::{
    model::{
        display_name::DisplayName,
        id::{ProviderId, UserId},
        oauth::scope::Scopes,
        upstream::{
            algorithms::Algorithms,
            claim_rule::{ClaimRules, Gives},
            issuer::Issuer,
            linked::ProviderButton,
            metadata::Metadata,
            preset::Preset,
            sign_up::SignUp,
            slug::ProviderSlug,
        },
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        fetch::Reach,
        key_sets::reach,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            groups, sealed_secrets,
            upstream_providers::{self, Provider},
        },
    },
};

/// What never changes of a provider: who people are hangs on it.
#[derive(Clone, Debug)]
pub struct NewProvider {
    pub slug: String,
    pub preset: Preset,
    /// Nothing: the preset knows it.
    pub issuer: Option<String>,
}

/// Sets up a provider. It is asked about itself first.
pub async fn add(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    new: &NewProvider,
    settings: &ProviderSettings,
) -> Result<Provider, Error> {
    let mut provider = read_new(state, context, new, settings)?;
    let secret = settings.secret()?;
    provider.metadata = ask(state, &provider).await?;
    if settings.algorithms.is_none() && provider.preset != Preset::GitHub {
        let announced = &provider.metadata.id_token_signing_alg_values_supported;
        provider.algorithms = Algorithms::among(announced.iter().map(String::as_str))
            .map_err(|problem| Error::invalid("algorithm", problem))?;
    }
    let mut change = Change::begin(state, context).await?;
    refuse_unknown_groups(&mut change, &provider.rules).await?;
    if !upstream_providers::insert(change.tx(), &provider).await? {
        return Err(Error::invalid("slug", "There is a provider of this slug, or of this issuer, already."));
    }
    store_secret(&mut change, state, &provider, secret).await?;
    record(&mut change, EventKind::ProviderAdded, actor, &provider).await?;
    change.commit().await?;
    Ok(provider)
}

fn read_new(
    state: &AppState,
    context: ActionContext<'_>,
    new: &NewProvider,
    settings: &ProviderSettings,
) -> Result<Provider, Error> {
    let issuer = new.issuer.as_deref().or(new.preset.issuer()).unwrap_or_default();
    let issuer = Issuer::parse(issuer).map_err(|problem| Error::invalid("issuer", problem))?;
    let name = settings.name.as_deref().unwrap_or_default();
    let mut provider = Provider {
        id: ProviderId::parse(&state.entropy.uuid(context.now)?)?,
        slug: ProviderSlug::parse(&new.slug).map_err(|problem| Error::invalid("slug", problem))?,
        name: DisplayName::parse(name).map_err(|problem| Error::invalid("name", problem))?,
        preset: new.preset,
        issuer,
        client_id: one_word("client_id", settings.client_id.as_deref().unwrap_or_default())?,
        scopes: Scopes::parse(new.preset.scopes()).map_err(|problem| Error::invalid("scope", problem))?,
        algorithms: Algorithms::parse("RS256").map_err(|problem| Error::invalid("algorithm", problem))?,
        sign_up: SignUp::default(),
        linking: true,
        rules: ClaimRules::default(),
        admin_by_rule: false,
        private_address: false,
        metadata: super::github::metadata(),
        discovered_at: context.now,
        discovery_failure: None,
        created_at: context.now,
        disabled_at: None,
    };
    settings.apply(&mut provider)?;
    Ok(provider)
}

/// Changes a provider. It is asked about itself again where it may be elsewhere now.
pub async fn update(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    slug: &ProviderSlug,
    settings: &ProviderSettings,
) -> Result<Provider, Error> {
    let before = get(state, slug).await?;
    let mut changed = before.clone();
    settings.apply(&mut changed)?;
    let secret = settings.secret()?;
    let asked = if changed.private_address == before.private_address {
        None
    } else {
        Some(ask(state, &changed).await?)
    };
    let (mut change, mut provider) = begin(state, context, slug).await?;
    settings.apply(&mut provider)?;
    if let Some(metadata) = asked {
        (provider.metadata, provider.discovered_at) = (metadata, context.now);
        provider.discovery_failure = None;
    }
    refuse_unknown_groups(&mut change, &provider.rules).await?;
    upstream_providers::update(change.tx(), &provider).await?;
    store_secret(&mut change, state, &provider, secret).await?;
    record(&mut change, EventKind::ProviderChanged, actor, &provider).await?;
    change.commit().await?;
    Ok(provider)
}

/// Switches a provider off or on again. Sessions that came in through it go on; nobody comes in meanwhile.
pub async fn set_enabled(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    slug: &ProviderSlug,
    enabled: bool,
) -> Result<Provider, Error> {
    let (mut change, mut provider) = begin(state, context, slug).await?;
    if provider.is_enabled() == enabled {
        return Ok(provider);
    }
    provider.disabled_at = (!enabled).then_some(context.now);
    upstream_providers::update(change.tx(), &provider).await?;
    let kind = if enabled { EventKind::ProviderEnabled } else { EventKind::ProviderDisabled };
    record(&mut change, kind, actor, &provider).await?;
    change.commit().await?;
    Ok(provider)
}

/// Removes a provider with its secret, and forgets who people are there.
pub async fn remove(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    slug: &ProviderSlug,
) -> Result<(), Error> {
    let (mut change, provider) = begin(state, context, slug).await?;
    upstream_providers::delete(change.tx(), &provider.id).await?;
    sealed_secrets::delete(change.tx(), &provider.secret_name()).await?;
    record(&mut change, EventKind::ProviderRemoved, actor, &provider).await?;
    Ok(change.commit().await?)
}

pub async fn get(state: &AppState, slug: &ProviderSlug) -> Result<Provider, Error> {
    let mut reader = state.store.read().await?;
    upstream_providers::by_slug(&mut reader, slug).await?.ok_or(Error::NotFound)
}

/// All of them by name: there are a few.
pub async fn list(state: &AppState) -> Result<Vec<Provider>, Error> {
    let mut reader = state.store.read().await?;
    Ok(upstream_providers::all(&mut reader).await?)
}

/// Those that people can sign in with, for the pages on which nobody is signed in.
pub async fn buttons(state: &AppState) -> Result<Vec<ProviderButton>, Error> {
    let providers = state.loader.providers().await?;
    Ok(providers.iter().filter(|provider| provider.is_enabled()).map(Provider::button).collect())
}

/// A change of this provider, which nobody else changes meanwhile.
async fn begin<'a>(
    state: &'a AppState,
    context: ActionContext<'a>,
    slug: &ProviderSlug,
) -> Result<(Change<'a>, Provider), Error> {
    let mut change = Change::begin(state, context).await?;
    let id = upstream_providers::by_slug(change.tx(), slug).await?.ok_or(Error::NotFound)?.id;
    let provider = upstream_providers::lock_by_id(change.tx(), &id).await?.ok_or(Error::NotFound)?;
    Ok((change, provider))
}

async fn ask(state: &AppState, provider: &Provider) -> Result<Metadata, Error> {
    let fetcher = state.key_sets.fetcher().await?;
    let asked = discover(fetcher, provider.preset, &provider.issuer, reach(provider)).await;
    asked.map_err(|error| {
        let hint = match reach(provider) {
            Reach::Public => " If it is inside your network, allow a private address.",
            Reach::Private | Reach::Registered => "",
        };
        Error::invalid("issuer", format!("{error}{hint}"))
    })
}

async fn refuse_unknown_groups(change: &mut Change<'_>, rules: &ClaimRules) -> Result<(), Error> {
    for rule in rules.iter() {
        if let Gives::Group(name) = &rule.gives
            && groups::by_name(change.tx(), name).await?.is_none()
        {
            return Err(Error::invalid("rule", format!("There is no group \u{201c}{name}\u{201d}.")));
        }
    }
    Ok(())
}

async fn store_secret(
    change: &mut Change<'_>,
    state: &AppState,
    provider: &Provider,
    secret: Option<String>,
) -> Result<(), Error> {
    let Some(secret) = secret else { return Ok(()) };
    let name = provider.secret_name();
    let sealed = state.vault.seal(&name, secret.as_bytes(), &state.entropy)?;
    Ok(sealed_secrets::put(change.tx(), &name, &sealed).await?)
}

async fn record(
    change: &mut Change<'_>,
    kind: EventKind,
    actor: Option<&UserId>,
    provider: &Provider,
) -> Result<(), Error> {
    let detail = json!({ "provider": provider.slug.as_str(), "issuer": provider.issuer.as_str() });
    Ok(change.record(Event::new(kind).maybe_by(actor).with(detail)).await?)
}
