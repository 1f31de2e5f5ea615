//! What an administrator sets of a client: parsed, and checked as a whole.

use super::{
    ClientDetails,
    lifetimes::{ACCESS, REFRESH_ABSOLUTE, REFRESH_IDLE},
};
use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        display_name::DisplayName,
        oauth::{
            client_kind::{AuthMethod, ClientKind},
            redirect_uri::RedirectUri,
            resource::Resource,
            scope::{OFFLINE_ACCESS, Scopes},
        },
    },
    server::{
        config::TokenConfig, error::Error, grants::rules::RefreshRules, key_sets::registered,
        oauth::client_keys::ClientKeys, store::clients::Client, tokens::jwe::encryption_key::EncryptionKey,
    },
};

/// Addresses of one purpose that a client has at the most.
const MAX_URIS: usize = 50;

/// What an administrator sets of a client, as it was typed. What is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ClientSettings {
    pub name: Option<String>,
    /// Empty: none.
    pub developer: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub post_logout_uris: Option<Vec<String>>,
    /// Empty: none.
    pub backchannel_logout_uri: Option<String>,
    /// With spaces between.
    pub scopes: Option<String>,
    pub resources: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    pub trusted: Option<bool>,
    /// Empty: what is usual for its kind.
    pub auth_method: Option<String>,
    /// A JSON Web Key Set, or the address where it is. Empty: none.
    pub jwks: Option<String>,
    pub id_token_alg: Option<String>,
    /// A public JWK, or the address of the key set that has it; empty: none.
    pub id_token_key: Option<String>,
    pub claims_in_id_token: Option<bool>,
    pub require_pushed: Option<bool>,
    /// Lifetimes like `5m`. Empty: as configured, or as usual.
    pub access_ttl: Option<String>,
    pub refresh_idle_ttl: Option<String>,
    pub refresh_absolute_ttl: Option<String>,
}

impl ClientSettings {
    /// Parses what was typed and puts it into a client; or says which field is wrong.
    pub(super) fn apply(&self, details: &mut ClientDetails, tokens: &TokenConfig) -> Result<(), Error> {
        self.apply_words(&mut details.client)?;
        self.apply_proof(&mut details.client)?;
        self.apply_switches(&mut details.client);
        self.apply_lifetimes(&mut details.client)?;
        if let Some(uris) = &self.redirect_uris {
            details.redirect_uris = parse_uris("redirect_uri", uris)?;
        }
        if let Some(uris) = &self.post_logout_uris {
            details.post_logout_uris = parse_uris("post_logout_uri", uris)?;
        }
        if let Some(uri) = &self.backchannel_logout_uri {
            details.client.backchannel_logout_uri = parse_backchannel(uri)?;
        }
        if let Some(resources) = &self.resources {
            let parse = |resource: &String| parse_resource(resource, tokens);
            details.client.resources = resources.iter().map(parse).collect::<Result<_, _>>()?;
        }
        if let Some(groups) = &self.groups {
            details.groups.clone_from(groups);
        }
        check(details)
    }

    fn apply_words(&self, client: &mut Client) -> Result<(), Error> {
        let name =
            |field, name: &str| DisplayName::parse(name).map_err(|problem| Error::invalid(field, problem));
        if let Some(text) = &self.name {
            client.name = name("name", text)?;
        }
        if let Some(text) = &self.developer {
            let text = Some(text.trim()).filter(|text| !text.is_empty());
            client.developer = text.map(|text| name("developer", text)).transpose()?;
        }
        if let Some(text) = &self.scopes {
            client.scopes = Scopes::parse(text).map_err(|problem| Error::invalid("scope", problem))?;
        }
        if let Some(text) = &self.id_token_alg {
            client.id_token_alg =
                ClientAlgorithm::parse(text).map_err(|problem| Error::invalid("id_token_alg", problem))?;
        }
        if let Some(key) = &self.id_token_key {
            client.id_token_key = parse_encryption_key("id_token_key", key)?;
        }
        Ok(())
    }

    fn apply_proof(&self, client: &mut Client) -> Result<(), Error> {
        match self.auth_method.as_deref() {
            None => {}
            Some("") => client.auth_method = client.kind.auth_method(),
            Some(text) => {
                client.auth_method =
                    AuthMethod::parse(text).map_err(|problem| Error::invalid("auth_method", problem))?;
            }
        }
        if let Some(text) = &self.jwks {
            client.jwks = parse_jwks(text.trim())?;
        }
        Ok(())
    }

    fn apply_switches(&self, client: &mut Client) {
        client.trusted = self.trusted.unwrap_or(client.trusted);
        client.claims_in_id_token = self.claims_in_id_token.unwrap_or(client.claims_in_id_token);
        client.require_pushed = self.require_pushed.unwrap_or(client.require_pushed);
    }

    fn apply_lifetimes(&self, client: &mut Client) -> Result<(), Error> {
        if let Some(text) = &self.access_ttl {
            client.access_ttl = ACCESS.parse(text)?;
        }
        if let Some(text) = &self.refresh_idle_ttl {
            client.refresh_idle_ttl = REFRESH_IDLE.parse(text)?;
        }
        if let Some(text) = &self.refresh_absolute_ttl {
            client.refresh_absolute_ttl = REFRESH_ABSOLUTE.parse(text)?;
        }
        Ok(())
    }
}

/// What must fit together, whatever was changed.
fn check(details: &ClientDetails) -> Result<(), Error> {
    let ClientDetails { client, redirect_uris, .. } = details;
    let kind = client.kind;
    if kind.has_redirects() && redirect_uris.is_empty() {
        return Err(Error::invalid(
            "redirect_uri",
            format!("A client of the kind {kind} needs one at least."),
        ));
    }
    if !kind.has_redirects() && !redirect_uris.is_empty() {
        return Err(Error::invalid("redirect_uri", format!("A client of the kind {kind} has none.")));
    }
    if kind.is_public() != (client.auth_method == AuthMethod::None) {
        let problem = if kind.is_public() { "can keep no secret: use none" } else { "must prove who it is" };
        return Err(Error::invalid("auth_method", format!("A client of the kind {kind} {problem}.")));
    }
    if client.auth_method == AuthMethod::PrivateKeyJwt && client.jwks.is_none() {
        return Err(Error::invalid("jwks", "A client that signs needs its public keys here."));
    }
    if kind == ClientKind::Service && client.scopes.contains(OFFLINE_ACCESS) {
        return Err(Error::invalid("scope", "A service acts for nobody who could be away."));
    }
    let longest = RefreshRules::of(client).absolute_ttl;
    if client.refresh_idle_ttl.is_some_and(|idle| idle > longest) {
        let problem = "This is longer than refresh tokens live at the longest.";
        return Err(Error::invalid("refresh_idle_ttl", problem));
    }
    Ok(())
}

fn parse_uris(field: &'static str, uris: &[String]) -> Result<Vec<RedirectUri>, Error> {
    let parse = |uri: &String| {
        RedirectUri::parse(uri).map_err(|problem| Error::invalid(field, format!("{uri}: {problem}")))
    };
    let mut uris = uris.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    uris.sort();
    uris.dedup();
    if uris.len() > MAX_URIS {
        return Err(Error::invalid(field, format!("A client has at most {MAX_URIS} of them.")));
    }
    Ok(uris)
}

/// Where a client is told that somebody has signed out.
fn parse_backchannel(uri: &str) -> Result<Option<String>, Error> {
    if uri.is_empty() {
        return Ok(None);
    }
    parse_called("backchannel_logout_uri", uri).map(Some)
}

/// An address that the server calls, so it is one of http.
fn parse_called(field: &'static str, uri: &str) -> Result<String, Error> {
    let parsed = RedirectUri::parse(uri).map_err(|problem| Error::invalid(field, problem))?;
    if !["https://", "http://"].iter().any(|scheme| parsed.as_str().starts_with(scheme)) {
        return Err(Error::invalid(field, "This is an address that the server calls: use https."));
    }
    Ok(parsed.into())
}

/// A client's public keys as they are stored: the set, or where it is; nothing if it was left empty.
fn parse_jwks(text: &str) -> Result<Option<String>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    if registered(text).is_some() {
        return parse_called("jwks", text).map(Some);
    }
    let keys = ClientKeys::parse(text).map_err(|problem| Error::invalid("jwks", problem))?;
    Ok(Some(keys.as_str().to_owned()))
}

/// A public key for encrypting as it is stored: the key, or where the set is that has it; nothing if it was left empty.
pub fn parse_encryption_key(field: &'static str, jwk: &str) -> Result<Option<String>, Error> {
    let jwk = jwk.trim();
    if jwk.is_empty() {
        return Ok(None);
    }
    if registered(jwk).is_some() {
        return parse_called(field, jwk).map(Some);
    }
    EncryptionKey::register(jwk).map_err(|problem| Error::invalid(field, problem))?;
    Ok(Some(jwk.to_owned()))
}

/// A service of somebody else. A token that is for this program's own API is never made for a client.
pub fn parse_resource(text: &str, tokens: &TokenConfig) -> Result<Resource, Error> {
    let resource = Resource::parse(text).map_err(|problem| Error::invalid("resource", problem))?;
    let is_under = |own: &str| {
        text.strip_prefix(own.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    if is_under(&tokens.audience) || is_under(&tokens.issuer) {
        return Err(Error::invalid("resource", "This is Latchkey itself, whose own API is for no client."));
    }
    Ok(resource)
}
