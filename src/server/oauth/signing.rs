//! Tokens for clients, signed. A line of keys begins with the first client that needs it, at the latest when its first token
//! is signed: an installation without clients has no keys for them.

use std::sync::Arc;

use super::{
    error::{OAuthCode, OAuthError},
    resources::{TokenForm, encryption_key, form_for},
};
use crate::{
    model::{client_algorithm::ClientAlgorithm, oauth::resource::Resources},
    server::{
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        error::Error,
        keys::{
            key_set::SigningKey,
            line::{CLIENT_ACCESS_TOKENS, KeyLine},
        },
        state::AppState,
        store::clients::Client,
        tokens::{
            access::MintedToken,
            client_access::{ClientAccess, Reach},
            id_token::{IdToken, sign_id_token},
            jwe::encrypt,
            logout_token::{LogoutToken, sign_logout_token},
        },
    },
};

/// Signs an access token for a client.
pub async fn access_token(
    state: &AppState,
    now: Timestamp,
    access: &ClientAccess<'_>,
) -> Result<MintedToken, OAuthError> {
    let own = &state.config.tokens.audience;
    // It was refused when the client was registered; the setting may have changed since.
    if access.resources.iter().any(|resource| resource.as_str() == own) {
        return Err(OAuthError::new(OAuthCode::InvalidTarget, "This resource is Latchkey's own."));
    }
    let form = form_for(state, access.resources).await?;
    Ok(sign_in_form(state, now, access, &form).await?)
}

async fn sign_in_form(
    state: &AppState,
    now: Timestamp,
    access: &ClientAccess<'_>,
    form: &TokenForm,
) -> Result<MintedToken, Error> {
    let (tokens, entropy) = (&state.tokens, &state.entropy);
    if let TokenForm::Paseto = form {
        let key = key(state, now, KeyLine::Paseto).await?;
        return Ok(tokens.mint_paseto(&key, now, entropy, access)?);
    }
    let key = key(state, now, KeyLine::Clients(CLIENT_ACCESS_TOKENS)).await?;
    let TokenForm::Encrypted(reader) = form else {
        return Ok(tokens.mint_for_client(&key, now, entropy, access, Reach::WithUserinfo)?);
    };
    let minted = tokens.mint_for_client(&key, now, entropy, access, Reach::ServicesAlone)?;
    Ok(MintedToken { token: encrypt(&minted.token, reader, entropy)?, ..minted })
}

/// Makes sure that what is signed for this client and these services can be encrypted for them: that their keys are known,
/// or can be read now. Asked before something is used up that is good for once.
pub async fn require_readers(
    state: &AppState,
    client: &Client,
    resources: &Resources,
) -> Result<(), OAuthError> {
    if let Some(key) = &client.id_token_key {
        encryption_key(state, key, client.id.as_str()).await?;
    }
    form_for(state, resources).await.map(drop)
}

/// Signs an ID token, and encrypts it for a client that wants it so.
pub async fn id_token(
    state: &AppState,
    now: Timestamp,
    client: &Client,
    token: &IdToken<'_>,
) -> Result<String, Error> {
    let key = key(state, now, KeyLine::Clients(client.id_token_alg)).await?;
    let signed = sign_id_token(&key, &state.config.tokens, now, &state.entropy, token)?;
    match &client.id_token_key {
        Some(key) => {
            let key = encryption_key(state, key, client.id.as_str()).await?;
            Ok(encrypt(&signed, &key, &state.entropy)?)
        }
        None => Ok(signed),
    }
}

/// Signs a logout token, with what the client's ID tokens are signed with.
pub async fn logout_token(
    state: &AppState,
    now: Timestamp,
    algorithm: ClientAlgorithm,
    token: LogoutToken<'_>,
) -> Result<String, Error> {
    let key = key(state, now, KeyLine::Clients(algorithm)).await?;
    Ok(sign_logout_token(&key, &state.config.tokens, now, &state.entropy, token)?)
}

/// The key of a line that signs.
async fn key(state: &AppState, now: Timestamp, line: KeyLine) -> Result<Arc<SigningKey>, Error> {
    let keys = &state.tokens.keys;
    if let Ok(key) = keys.active(line, now) {
        return Ok(key);
    }
    let _only_one_makes_it = keys.first_key.lock().await;
    if let Ok(key) = keys.active(line, now) {
        return Ok(key);
    }
    let client = ClientInfo::program();
    state.key_manager().ensure(line, ActionContext { now, client: &client }).await?;
    state.reload_keys().await?;
    Ok(keys.active(line, state.now())?)
}
