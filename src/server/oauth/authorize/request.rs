//! Reading an authorization request: the client first, then where it may be answered, then the rest.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::{
    model::{
        id::UserId,
        level::Level,
        oauth::{
            authorization_request::{AuthorizationRequest, Prompt},
            client_id::ClientId,
            redirect_uri::RedirectUri,
            resource::{Resource, Resources},
            scope::{OPENID, Scopes},
        },
        text::is_deceptive,
    },
    server::{
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        oauth::{
            error::{OAuthCode, OAuthError},
            parameters::Parameters,
        },
        state::AppState,
        store::{
            StoreError, clients::Client, refused_redirects, registered_clients::RegisteredClient,
            signing_keys,
        },
        tokens::id_token_hint::verify_hint,
    },
};

/// Longest value that is stored for a client and handed back, in bytes.
const MAX_ECHOED: usize = 8192;
/// Longest beginning of an address that is noted because it is not registered, in characters.
const MAX_NOTED: usize = 300;
/// What a handle of a pushed request looks like to a client (RFC 9126 §2.2).
pub const PUSHED_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// Why a request is refused.
#[derive(Debug)]
pub enum Refusal {
    /// Nobody is known who could be told: the person sees a page.
    Page(&'static str),
    /// The client is told.
    Client { redirect_uri: String, state: Option<String>, error: OAuthError },
    /// A fault of ours.
    Fault(Error),
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// A request that is known to come from this client and to be answered at an address of it.
#[derive(Debug)]
pub struct Asked {
    pub client: Arc<Client>,
    pub redirect_uri: String,
}

/// Finds the client and checks where it may be answered. Until both are known nothing is redirected.
pub async fn find_client(
    state: &AppState,
    context: ActionContext<'_>,
    parameters: &Parameters,
) -> Result<Asked, Refusal> {
    let id = parameters.get("client_id").and_then(|id| ClientId::parse(id).ok());
    let id = id.ok_or(Refusal::Page("The app that sent you here is not registered with Latchkey."))?;
    let found = state.loader.client(&id).await?;
    let found = found.ok_or(Refusal::Page("The app that sent you here is not registered with Latchkey."))?;
    if !found.client.is_enabled() {
        return Err(Refusal::Page("An administrator has switched this app off."));
    }
    find_redirect_uri(state, context, &found, parameters).await
}

/// Checks where a client may be answered that is known.
pub async fn find_redirect_uri(
    state: &AppState,
    context: ActionContext<'_>,
    found: &RegisteredClient,
    parameters: &Parameters,
) -> Result<Asked, Refusal> {
    let RegisteredClient { client, redirect_uris: registered, .. } = found;
    let is_openid = parameters.get("scope").is_some_and(|scope| scope.split(' ').any(|one| one == OPENID));
    let redirect_uri = match (parameters.get("redirect_uri"), registered.as_slice()) {
        (Some(asked), _) => registered.iter().any(|uri| uri.matches(asked)).then(|| asked.to_owned()),
        // OpenID Connect always wants it named.
        (None, [only]) if !is_openid => Some(only.as_str().to_owned()),
        (None, _) => None,
    };
    let Some(redirect_uri) = redirect_uri else {
        let received = parameters.get("redirect_uri").unwrap_or_default();
        note_refusal(state, context, client, received, registered).await;
        return Err(Refusal::Page(
            "The app that sent you here asked to be answered at an address that is not registered.",
        ));
    };
    Ok(Asked { client: client.clone(), redirect_uri })
}

/// Remembers an address that is not registered, for the administrators: what is registered is nobody else's business.
/// Anybody can ask, so each network is noted only so often; and whether it is noted changes nothing for whoever asks.
async fn note_refusal(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    received: &str,
    registered: &[RedirectUri],
) {
    let shown = |c: char| if c.is_control() || is_deceptive(c) { char::REPLACEMENT_CHARACTER } else { c };
    let received: String = received.chars().take(MAX_NOTED).map(shown).collect();
    tracing::warn!(client = %client.id, ?received, ?registered, "a redirect URI is not registered");
    if state.rate_limiter.check_authorization(context).is_ok()
        && let Err(error) = count_refusal(state, context.now, client, &received).await
    {
        tracing::warn!(%error, "a redirect URI that is not registered could not be noted");
    }
}

async fn count_refusal(
    state: &AppState,
    now: Timestamp,
    client: &Client,
    received: &str,
) -> Result<(), StoreError> {
    let mut tx = state.store.begin().await?;
    refused_redirects::count(&mut tx, &client.id, received, now).await?;
    tx.commit().await
}

impl Asked {
    /// Reads the rest. What is wrong with it is told to the client.
    pub async fn parse(
        &self,
        state: &AppState,
        parameters: &Parameters,
    ) -> Result<AuthorizationRequest, Refusal> {
        let refuse = |error| Refusal::Client {
            redirect_uri: self.redirect_uri.clone(),
            state: parameters.get("state").filter(|state| state.len() <= MAX_ECHOED).map(str::to_owned),
            error,
        };
        let mut request = self.parse_rest(parameters).map_err(refuse)?;
        if let Some(hint) = parameters.get("id_token_hint") {
            let error =
                || OAuthError::invalid_request("The parameter id_token_hint is no ID token of this client.");
            request.subject = Some(self.subject(state, hint).await?.ok_or_else(|| refuse(error()))?);
        }
        Ok(request)
    }

    /// Whom an ID token of this client is about, however long ago it expired.
    async fn subject(&self, state: &AppState, hint: &str) -> Result<Option<UserId>, Error> {
        let keys = signing_keys::all(&mut state.store.read().await?).await?;
        let hint = verify_hint(hint, &keys, &state.config.tokens.issuer);
        Ok(hint.filter(|hint| hint.client == self.client.id).map(|hint| hint.user))
    }

    fn parse_rest(&self, parameters: &Parameters) -> Result<AuthorizationRequest, OAuthError> {
        check_response(parameters)?;
        let prompt = Prompt::parse(parameters.get("prompt").unwrap_or_default())
            .map_err(|problem| OAuthError::invalid_request(problem.to_string()))?;
        let max_age = parameters.get("max_age").map(|text| {
            text.parse::<u32>()
                .map_err(|_| OAuthError::invalid_request("The parameter max_age is no number of seconds."))
        });
        Ok(AuthorizationRequest {
            redirect_uri: self.redirect_uri.clone(),
            state: echoed(parameters, "state")?,
            scopes: scopes(parameters, &self.client.scopes)?,
            resources: self.resources(parameters)?,
            nonce: echoed(parameters, "nonce")?,
            challenge: challenge(parameters)?,
            prompt,
            max_age: max_age.transpose()?,
            // A level that is not ours is ignored: it is a wish (OpenID Connect Core §3.1.2.1).
            acr_values: parameters
                .get("acr_values")
                .unwrap_or_default()
                .split(' ')
                .filter_map(Level::parse)
                .collect(),
            subject: None,
            login_hint: parameters.get("login_hint").filter(|hint| hint.len() <= 320).map(str::to_owned),
        })
    }

    fn resources(&self, parameters: &Parameters) -> Result<Resources, OAuthError> {
        resources(parameters, &self.client.resources)
    }
}

/// Those that the client may ask for. Others are ignored (OpenID Connect Core §3.1.2.1), unless there are no others.
pub fn scopes(parameters: &Parameters, allowed: &Scopes) -> Result<Scopes, OAuthError> {
    let asked = Scopes::parse(parameters.get("scope").unwrap_or_default())
        .map_err(|problem| OAuthError::new(OAuthCode::InvalidScope, problem.to_string()))?;
    let granted = asked.intersection(allowed);
    if granted.is_empty() && !asked.is_empty() {
        return Err(OAuthError::new(OAuthCode::InvalidScope, "The client may ask for none of these scopes."));
    }
    Ok(granted)
}

/// The resources that a request names. Each must be one of those that are allowed.
pub fn resources(parameters: &Parameters, allowed: &Resources) -> Result<Resources, OAuthError> {
    let unknown = || OAuthError::new(OAuthCode::InvalidTarget, "This resource is not one of the client's.");
    let one = |text: &str| Resource::parse(text).ok().filter(|resource| allowed.contains(resource));
    parameters.all("resource").map(|text| one(text).ok_or_else(unknown)).collect()
}

/// How it wants to be answered: by a code in the query, and in no other way.
fn check_response(parameters: &Parameters) -> Result<(), OAuthError> {
    if parameters.get("request").is_some() {
        return Err(OAuthError::new(OAuthCode::RequestNotSupported, "Request objects are not supported."));
    }
    if parameters.get("request_uri").is_some() {
        return Err(OAuthError::new(
            OAuthCode::RequestUriNotSupported,
            "Requests by reference are not supported.",
        ));
    }
    if parameters.require("response_type")? != "code" {
        return Err(OAuthError::new(OAuthCode::UnsupportedResponseType, "The only response type is code."));
    }
    match parameters.get("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err(OAuthError::invalid_request("The only response mode is query.")),
    }
}

/// The challenge of PKCE (RFC 7636). A method that is left out would mean `plain`, which protects nobody.
fn challenge(parameters: &Parameters) -> Result<String, OAuthError> {
    let challenge = parameters.require("code_challenge")?;
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request("The parameter code_challenge_method must be S256."));
    }
    let is_hash = BASE64.decode(challenge).is_ok_and(|hash| hash.len() == 32);
    if is_hash {
        Ok(challenge.to_owned())
    } else {
        Err(OAuthError::invalid_request("The parameter code_challenge is no SHA-256 hash in base64url."))
    }
}

/// A value that is handed back byte for byte.
fn echoed(parameters: &Parameters, name: &'static str) -> Result<Option<String>, OAuthError> {
    let value = parameters.get(name);
    if value.is_some_and(|value| value.len() > MAX_ECHOED) {
        return Err(OAuthError::invalid_request(format!("The parameter {name} is too long.")));
    }
    Ok(value.map(str::to_owned))
}
