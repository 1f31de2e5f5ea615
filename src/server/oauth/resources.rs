//! Services that get their access tokens in a form of their own: encrypted for them, or as PASETO.

use serde_json::json;

use super::{
    clients::{parse_encryption_key, parse_resource},
    error::{OAuthCode, OAuthError},
};
use crate::{
    model::oauth::{
        resource::{Resource, Resources},
        token_format::TokenFormat,
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        key_sets::{NoKeys, registered},
        state::AppState,
        store::{
            Queryable,
            audit::{Event, EventKind},
            resources::{self, ResourceRecord},
        },
        tokens::jwe::encryption_key::EncryptionKey,
    },
};

/// What an administrator sets of a service, as it was typed. What is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ResourceSettings {
    pub token_format: Option<String>,
    /// A public JWK, or the address of the key set that has it; empty: none.
    pub encryption_key: Option<String>,
}

impl ResourceSettings {
    fn apply(&self, resource: &mut ResourceRecord) -> Result<(), Error> {
        if let Some(format) = &self.token_format {
            resource.token_format =
                TokenFormat::parse(format).map_err(|problem| Error::invalid("token_format", problem))?;
        }
        if let Some(key) = &self.encryption_key {
            resource.encryption_key = parse_encryption_key("encryption_key", key)?;
        }
        if resource.token_format == TokenFormat::Paseto && resource.encryption_key.is_some() {
            return Err(Error::invalid(
                "encryption_key",
                "Only a JWT is encrypted. PASETO tokens are signed.",
            ));
        }
        Ok(())
    }
}

/// Adds a service.
pub async fn add(
    state: &AppState,
    context: ActionContext<'_>,
    uri: &str,
    settings: &ResourceSettings,
) -> Result<ResourceRecord, Error> {
    let mut resource = ResourceRecord {
        uri: parse_resource(uri, &state.config.tokens)?,
        token_format: TokenFormat::default(),
        encryption_key: None,
        created_at: context.now,
    };
    settings.apply(&mut resource)?;
    let mut change = Change::begin(state, context).await?;
    if !resources::insert(change.tx(), &resource).await? {
        return Err(Error::invalid("resource", "There is a resource of this address already."));
    }
    change.record(event(EventKind::ResourceAdded, &resource)).await?;
    change.commit().await?;
    Ok(resource)
}

/// Changes what is given, from the next token on.
pub async fn update(
    state: &AppState,
    context: ActionContext<'_>,
    uri: &str,
    settings: &ResourceSettings,
) -> Result<ResourceRecord, Error> {
    let mut change = Change::begin(state, context).await?;
    let mut resource = find(change.tx(), uri).await?;
    settings.apply(&mut resource)?;
    resources::update(change.tx(), &resource).await?;
    change.record(event(EventKind::ResourceChanged, &resource)).await?;
    change.commit().await?;
    Ok(resource)
}

/// Removes what is set for a service: its next tokens are signed JWTs.
pub async fn remove(state: &AppState, context: ActionContext<'_>, uri: &str) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    let resource = find(change.tx(), uri).await?;
    resources::delete(change.tx(), &resource.uri).await?;
    change.record(event(EventKind::ResourceRemoved, &resource)).await?;
    Ok(change.commit().await?)
}

pub async fn list(state: &AppState) -> Result<Vec<ResourceRecord>, Error> {
    Ok(resources::all(&mut state.store.read().await?).await?)
}

pub async fn get(state: &AppState, uri: &str) -> Result<ResourceRecord, Error> {
    find(&mut state.store.read().await?, uri).await
}

async fn find(db: &mut impl Queryable, uri: &str) -> Result<ResourceRecord, Error> {
    let uri = Resource::parse(uri).map_err(|problem| Error::invalid("resource", problem))?;
    resources::by_uri(db, &uri).await?.ok_or(Error::NotFound)
}

fn event(kind: EventKind, resource: &ResourceRecord) -> Event {
    let encrypted = if resource.encryption_key.is_some() { "yes" } else { "no" };
    let format = resource.token_format.as_str();
    let detail = json!({ "resource": resource.uri.as_str(), "format": format, "encrypted": encrypted });
    Event::new(kind).with(detail)
}

/// In which form a token is made.
#[derive(Debug)]
pub enum TokenForm {
    /// A signed JWT, which all that it is for can read.
    Signed,
    /// A signed JWT, encrypted for the one service that it is for.
    Encrypted(EncryptionKey),
    /// PASETO, for the one service that it is for.
    Paseto,
}

/// The form of a token for these services. A service that can't read what the others read gets a token for itself alone.
pub async fn form_for(state: &AppState, wanted: &Resources) -> Result<TokenForm, OAuthError> {
    let Some(special) = special_one(state, wanted).await? else { return Ok(TokenForm::Signed) };
    if wanted.iter().count() > 1 {
        return Err(OAuthError::new(
            OAuthCode::InvalidTarget,
            "One of these resources gets its tokens in a form of its own. Ask for a token for it alone.",
        ));
    }
    match special.encryption_key {
        // Asked for without a connection to the database, which others need while its owner does not answer.
        Some(key) => Ok(TokenForm::Encrypted(encryption_key(state, &key, special.uri.as_str()).await?)),
        None => Ok(TokenForm::Paseto),
    }
}

/// One of the services that get their tokens in a form of their own. Nothing: each gets what every service gets.
async fn special_one(state: &AppState, wanted: &Resources) -> Result<Option<ResourceRecord>, Error> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut reader = state.store.read().await?;
    for resource in wanted.iter() {
        let found = resources::by_uri(&mut reader, resource).await?;
        let is_special = |found: &ResourceRecord| {
            found.token_format == TokenFormat::Paseto || found.encryption_key.is_some()
        };
        if let Some(special) = found.filter(is_special) {
            return Ok(Some(special));
        }
    }
    Ok(None)
}

/// The key that tokens are encrypted with for this service or client: the registered one, or the one that is now at the
/// registered address.
pub async fn encryption_key(state: &AppState, stored: &str, of: &str) -> Result<EncryptionKey, Error> {
    let internal = |problem| Error::Internal(format!("the encryption key of {of}: {problem}"));
    let Some(place) = registered(stored) else {
        return EncryptionKey::parse(stored).map_err(|problem| internal(problem.to_string()));
    };
    let keys = state.key_sets.get(place).await?;
    let key = keys.encrypting.as_deref().ok_or(NoKeys::None)?;
    EncryptionKey::parse(key).map_err(|problem| internal(problem.to_string()))
}
