//! One's own account.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        audit_event::AuditEvent,
        error::ApiError,
        json::Json,
        overview::Overview,
        page::Page,
        profile::{PendingEmail, Profile},
        proofs::Proofs,
        second_factor::{RecoveryCodes, TotpSetup},
        security::SecurityOverview,
        session::{TokenResponse, TotpConfirmed},
    },
};

/// The account of whoever asks.
#[server(prefix = "/api", endpoint = "account/me", client = AuthClient, output = Json)]
pub async fn me() -> Result<Profile, ApiError> {
    use std::sync::Arc;

    use crate::{
        model::role::Permission,
        server::{accounts::profile, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        Ok(Arc::unwrap_or_clone(profile::show(&caller.state, &principal.user).await?))
    })
    .await
}

/// Changes the name that one goes by.
#[server(prefix = "/api", endpoint = "account/update_profile", client = AuthClient, output = Json)]
pub async fn update_profile(display_name: String) -> Result<Profile, ApiError> {
    use crate::{
        model::{display_name::DisplayName, role::Permission},
        server::{accounts::profile, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageAccount).await?;
        let name = DisplayName::parse(&display_name)?;
        Ok(profile::rename(&caller.state, caller.context(), &principal.user, name).await?.profile())
    })
    .await
}

/// Changes the password. Every session ends; the one that asks goes on as a new one.
#[server(prefix = "/api", endpoint = "account/change_password", client = AuthClient, output = Json)]
pub async fn change_password(
    current_password: String,
    new_password: String,
) -> Result<TokenResponse, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::change_password::change_password, passwords::Password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageAccount).await?;
        let (current, new) = (Password::new(current_password), Password::new(new_password));
        let issued = change_password(&caller.state, caller.context(), &principal, &current, &new).await?;
        caller.signed_in(issued, None)
    })
    .await
}

/// Has a mail sent to the address that the account is to have. Nothing changes until the link in it is used.
#[server(prefix = "/api", endpoint = "account/change_email", client = AuthClient, output = Json)]
pub async fn change_email(email: String) -> Result<(), ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::change_email::ask, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        ask(&caller.state, caller.context(), &principal, &email).await
    })
    .await
}

/// The address that was asked for and not confirmed yet; nothing if there is none.
#[server(prefix = "/api", endpoint = "account/pending_email", client = AuthClient, output = Json)]
pub async fn get_pending_email() -> Result<Option<PendingEmail>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::change_email::pending, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        pending(&caller.state, caller.now, &principal.user).await
    })
    .await
}

/// What one can prove with, once more, that it is oneself.
#[server(prefix = "/api", endpoint = "account/proofs", client = AuthClient, output = Json)]
pub async fn list_proofs() -> Result<Proofs, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::proofs::proofs, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        proofs(&caller.state, &principal).await
    })
    .await
}

/// Deletes the account. Whoever has a password enters it.
#[server(prefix = "/api", endpoint = "account/delete", client = AuthClient, output = Json)]
pub async fn delete_account(password: Option<String>) -> Result<(), ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::delete::delete_own, passwords::Password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageAccount).await?;
        let password = password.map(Password::new);
        delete_own(&caller.state, caller.context(), &principal, password.as_ref()).await?;
        caller.clear_session();
        Ok(())
    })
    .await
}

/// What happened to one's account lately, the newest first.
#[server(prefix = "/api", endpoint = "account/activity", client = AuthClient, output = Json)]
pub async fn activity(cursor: Option<String>, limit: Option<String>) -> Result<Page<AuditEvent>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{audit_log::AuditQuery, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        AuditQuery::of(&principal.user).page(&caller.state, cursor.as_deref(), limit.as_deref()).await
    })
    .await
}

/// One's account at a glance.
#[server(prefix = "/api", endpoint = "account/overview", client = AuthClient, output = Json)]
pub async fn get_overview() -> Result<Overview, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::overview::overview, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        overview(&caller.state, caller.now, &principal).await
    })
    .await
}

/// What one's account is signed in to with, and who has signed in lately.
#[server(prefix = "/api", endpoint = "account/security", client = AuthClient, output = Json)]
pub async fn get_security() -> Result<SecurityOverview, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::security::overview, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ReadAccount).await?;
        overview(&caller.state, &principal).await
    })
    .await
}

/// Begins to set up an authenticator app: what it is set up with is answered once.
#[server(prefix = "/api", endpoint = "account/totp_begin", client = AuthClient, output = Json)]
pub async fn totp_begin() -> Result<TotpSetup, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::totp::begin, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        begin(&caller.state, caller.context(), &principal).await
    })
    .await
}

/// Sets up the authenticator app that shows this code. The session goes on, and has proved a second factor.
#[server(prefix = "/api", endpoint = "account/totp_confirm", client = AuthClient, output = Json)]
pub async fn totp_confirm(code: String) -> Result<TotpConfirmed, ApiError> {
    use crate::{
        model::{
            role::Permission,
            second_factor::{InvalidTotpCode, TotpCode},
        },
        server::{accounts::totp::confirm, error::Error, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let code = TotpCode::parse(&code).map_err(|_| Error::invalid("code", InvalidTotpCode))?;
        let presented = caller.refresh_token.as_ref();
        let (issued, recovery_codes) =
            confirm(&caller.state, caller.context(), &principal, &code, presented).await?;
        let codes = RecoveryCodes { recovery_codes };
        Ok(TotpConfirmed { session: caller.refreshed(issued), codes })
    })
    .await
}

/// Removes the authenticator app.
#[server(prefix = "/api", endpoint = "account/totp_remove", client = AuthClient, output = Json)]
pub async fn totp_remove() -> Result<(), ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::totp::remove, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        remove(&caller.state, caller.context(), &principal).await
    })
    .await
}

/// Has a passkey asked for after the password, or no longer. The answer has recovery codes, if the account has got some by
/// that.
#[server(prefix = "/api", endpoint = "account/set_second_step", client = AuthClient, output = Json)]
pub async fn set_second_step(required: String) -> Result<RecoveryCodes, ApiError> {
    use crate::{
        model::role::Permission,
        server::{
            accounts::passkey_after_password::{turn_off, turn_on},
            oauth::clients::yes_or_no,
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        let (state, context) = (&caller.state, caller.context());
        if yes_or_no("required", &required)? {
            return Ok(RecoveryCodes { recovery_codes: turn_on(state, context, &principal).await? });
        }
        turn_off(state, context, &principal).await?;
        Ok(RecoveryCodes { recovery_codes: Vec::new() })
    })
    .await
}

/// Makes new recovery codes. Those from before work no more.
#[server(prefix = "/api", endpoint = "account/recovery_codes", client = AuthClient, output = Json)]
pub async fn create_recovery_codes() -> Result<RecoveryCodes, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::recovery_codes::replace, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageFactors).await?;
        Ok(RecoveryCodes { recovery_codes: replace(&caller.state, caller.context(), &principal).await? })
    })
    .await
}
