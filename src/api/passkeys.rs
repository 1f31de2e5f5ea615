//! One's own passkeys.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        display_name::DisplayName,
        error::ApiError,
        json::Json,
        passkey::{Passkey, Passkeys},
        webauthn::{Begun, CreationOptions},
    },
};

/// Those that work at this host, the oldest first.
#[server(prefix = "/api", endpoint = "account/passkeys", client = AuthClient, output = Json)]
pub async fn list_passkeys() -> Result<Passkeys, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::passkeys, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        passkeys::list(&caller.state, &principal).await
    })
    .await
}

/// What the browser is asked for, to make a passkey.
#[server(prefix = "/api", endpoint = "account/passkey_options", client = AuthClient, output = Json)]
pub async fn passkey_creation_options() -> Result<Begun<CreationOptions>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::passkey_options, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        passkey_options::creation(&caller.state, caller.now, &principal).await
    })
    .await
}

/// Adds the passkey that the browser has made: `credential` is its JSON, `state` what came with the options.
#[server(prefix = "/api", endpoint = "account/passkey_add", client = AuthClient, output = Json)]
pub async fn add_passkey(credential: String, state: String) -> Result<Passkey, ApiError> {
    use crate::{
        model::role::Permission,
        server::{
            accounts::{passkeys, use_passkey::Sent},
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let sent = Sent { credential: &credential, state: &state };
        passkeys::add(&caller.state, caller.context(), &principal, sent).await
    })
    .await
}

/// Gives a passkey another name, and answers it.
#[server(prefix = "/api", endpoint = "account/passkey_rename", client = AuthClient, output = Json)]
pub async fn rename_passkey(passkey_id: String, name: String) -> Result<DisplayName, ApiError> {
    use crate::{
        model::{id::PasskeyId, role::Permission},
        server::{accounts::passkeys, error::Error, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let id = PasskeyId::parse(&passkey_id)?;
        let name = DisplayName::parse(&name).map_err(|problem| Error::invalid("name", problem))?;
        passkeys::rename(&caller.state, caller.context(), &principal, &id, &name).await?;
        Ok(name)
    })
    .await
}

/// Removes a passkey. What is left must be enough to sign in with.
#[server(prefix = "/api", endpoint = "account/passkey_remove", client = AuthClient, output = Json)]
pub async fn remove_passkey(passkey_id: String) -> Result<(), ApiError> {
    use crate::{
        model::{id::PasskeyId, role::Permission},
        server::{accounts::passkeys, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let id = PasskeyId::parse(&passkey_id)?;
        passkeys::remove(&caller.state, caller.context(), &principal, &id).await
    })
    .await
}
