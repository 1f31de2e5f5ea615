//! Apps ask to sign somebody out (OpenID Connect RP-Initiated Logout). The browser's cookie says whose session ends. A hint
//! only names the app, and spares the question where it is of that very session (dex 4945): whoever found an ID token ends
//! nothing with it.

use super::parameters::Parameters;
use crate::{
    model::{id::SessionId, oauth::client_id::ClientId, query},
    server::{
        error::Error,
        state::AppState,
        store::{
            Reader, client_sessions,
            client_uris::{self, UriPurpose},
            clients, signing_keys,
        },
        tokens::id_token_hint::{IdTokenHint, verify_hint},
    },
};

/// Longest `state` that is handed back, in bytes.
const MAX_STATE: usize = 2000;

/// What an app asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Where the browser goes afterwards, with the state: an address that this app has registered. Nothing: it stays here.
    pub address: Option<String>,
    /// Whether nothing must be asked: the app has shown an ID token of this session.
    pub is_of_this_session: bool,
}

/// Reads a request. `session` is the browser's, if there is one.
pub async fn read(
    state: &AppState,
    parameters: &Parameters,
    session: Option<&SessionId>,
) -> Result<Asked, Error> {
    let mut reader = state.store.read().await?;
    let named = parameters.get("client_id").map(ClientId::parse).transpose();
    let hint = match parameters.get("id_token_hint") {
        Some(token) => {
            let keys = signing_keys::all(&mut reader).await?;
            match verify_hint(token, &keys, &state.config.tokens.issuer) {
                Some(hint) => Some(hint),
                // Somebody has changed it. Nothing of the request counts.
                None => return Ok(Asked::default()),
            }
        }
        None => None,
    };
    let client = match (&hint, named) {
        (_, Err(_)) | (None, Ok(None)) => return Ok(Asked::default()),
        (Some(hint), Ok(Some(named))) if hint.client != named => return Ok(Asked::default()),
        (Some(hint), _) => hint.client.clone(),
        (None, Ok(Some(named))) => named,
    };
    let is_of_this_session = match (&hint, session) {
        (Some(hint), Some(session)) => is_of(&mut reader, hint, session).await?,
        _ => false,
    };
    let address = address(&mut reader, parameters, &client).await?;
    Ok(Asked { address, is_of_this_session })
}

/// Whether the hint is of the client session that this session has with the client.
async fn is_of(reader: &mut Reader, hint: &IdTokenHint, session: &SessionId) -> Result<bool, Error> {
    let found = client_sessions::by_id(reader, &hint.sid).await?;
    Ok(found.is_some_and(|found| found.client == hint.client && found.session.as_ref() == Some(session)))
}

/// The address that is asked for, if the client has registered exactly that one.
async fn address(
    reader: &mut Reader,
    parameters: &Parameters,
    client: &ClientId,
) -> Result<Option<String>, Error> {
    let Some(asked) = parameters.get("post_logout_redirect_uri") else { return Ok(None) };
    let client = clients::by_id(reader, client).await?.filter(clients::Client::is_enabled);
    let Some(client) = client else { return Ok(None) };
    let registered = client_uris::of_client(reader, &client.id, UriPurpose::PostLogout).await?;
    let Some(uri) = registered.iter().find(|uri| uri.as_str() == asked) else { return Ok(None) };
    let state = parameters.get("state").filter(|state| state.len() <= MAX_STATE);
    Ok(Some(match state {
        Some(state) => {
            let separator = if asked.contains('?') { '&' } else { '?' };
            format!("{uri}{separator}{}", query::encode([("state", state.to_owned())].iter()))
        }
        None => uri.to_string(),
    }))
}
