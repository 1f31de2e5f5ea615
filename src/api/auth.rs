//! Signing up, signing in, staying signed in, signing out.

use leptos::prelude::*;

use crate::{
    client::authorized::AuthClient,
    model::{
        error::ApiError,
        json::Json,
        passkey::PasskeyPurpose,
        session::{SignIn, TokenResponse},
        webauthn::{Begun, RequestOptions},
    },
};

/// Makes an account and signs in to it. `next` is where a form without JavaScript goes then.
#[server(prefix = "/api", endpoint = "auth/register", client = AuthClient, output = Json)]
pub async fn register(
    email: String,
    display_name: String,
    password: String,
    next: Option<String>,
) -> Result<SignIn, ApiError> {
    use crate::server::{
        accounts::{NewAccount, register::register},
        request::caller::Caller,
    };
    Caller::respond(async |caller| {
        let rules = &caller.state.config.password_rules;
        let new = NewAccount::parse(rules, &email, &display_name, password).await?;
        let started = register(&caller.state, caller.context(), new, caller.refresh_token.as_ref()).await?;
        caller.started(started, next.as_deref())
    })
    .await
}

/// Makes the first administrator, with the link that the first start printed.
#[server(prefix = "/api", endpoint = "auth/setup", client = AuthClient, output = Json)]
pub async fn setup(
    token: Option<String>,
    email: String,
    display_name: String,
    password: String,
) -> Result<SignIn, ApiError> {
    use crate::server::{
        accounts::{NewAccount, setup::redeem},
        request::caller::Caller,
    };
    Caller::respond(async |caller| {
        let rules = &caller.state.config.password_rules;
        let new = NewAccount::parse(rules, &email, &display_name, password).await?;
        let token = caller.link_token(token);
        let started =
            redeem(&caller.state, caller.context(), &token, new, caller.refresh_token.as_ref()).await?;
        caller.clear_link();
        caller.started(started, None)
    })
    .await
}

/// Chooses name and password of an account that an administrator has made, and signs in to it.
#[server(prefix = "/api", endpoint = "auth/accept_invitation", client = AuthClient, output = Json)]
pub async fn accept_invitation(
    token: Option<String>,
    display_name: String,
    password: String,
) -> Result<SignIn, ApiError> {
    use crate::{
        model::display_name::DisplayName,
        server::{accounts::invite::accept, passwords::Password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let name = DisplayName::parse(&display_name)?;
        let password = Password::new(password);
        let presented = caller.refresh_token.as_ref();
        let token = caller.link_token(token);
        let started = accept(&caller.state, caller.context(), &token, name, &password, presented).await?;
        caller.clear_link();
        caller.started(started, None)
    })
    .await
}

/// Sets a new password with a link that was mailed, or that an administrator has made. Signs nobody in. `next` is where
/// signing in leads after a form without JavaScript.
#[server(prefix = "/api", endpoint = "auth/reset", client = AuthClient, output = Json)]
pub async fn reset_password(
    token: Option<String>,
    password: String,
    next: Option<String>,
) -> Result<(), ApiError> {
    use crate::{
        model::access::after_sign_in,
        server::{accounts::reset_password::reset, passwords::Password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let token = caller.link_token(token);
        reset(&caller.state, caller.context(), &token, &Password::new(password)).await?;
        caller.clear_link();
        caller.redirect_form(&after_sign_in(next.as_deref()).with_new_password())
    })
    .await
}

/// Has a link to set a new password mailed to an address. The answer is the same whether or not it has an account. `next`
/// is where signing in leads then.
#[server(prefix = "/api", endpoint = "auth/request_reset", client = AuthClient, output = Json)]
pub async fn request_reset(email: String, next: Option<String>) -> Result<(), ApiError> {
    use crate::{
        model::{access::after_sign_in, email::EmailAddress},
        server::{accounts::mail_request::ask, mail::Wanted, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let (email, next) = (EmailAddress::parse(&email)?, after_sign_in(next.as_deref()));
        let sent = next.behind("/forgot?sent=yes");
        ask(&caller.state, caller.context(), Wanted::PasswordReset(next), email).await?;
        caller.redirect_form(&sent)
    })
    .await
}

/// Has a link to make an account mailed to an address. The answer is the same whether or not it has one. `next` is where
/// the link leads then.
#[server(prefix = "/api", endpoint = "auth/request_account", client = AuthClient, output = Json)]
pub async fn request_account(email: String, next: Option<String>) -> Result<(), ApiError> {
    use crate::{
        model::access::after_sign_in,
        server::{accounts::sign_up::ask, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let next = after_sign_in(next.as_deref());
        let sent = next.behind("/register?sent=yes");
        ask(&caller.state, caller.context(), &email, next).await?;
        caller.redirect_form(&sent)
    })
    .await
}

/// Makes an account with a link that was mailed to its address, and signs in to it. `next` is where a form without
/// JavaScript goes then.
#[server(prefix = "/api", endpoint = "auth/finish_registration", client = AuthClient, output = Json)]
pub async fn finish_registration(
    token: Option<String>,
    display_name: String,
    password: String,
    next: Option<String>,
) -> Result<SignIn, ApiError> {
    use crate::{
        model::display_name::DisplayName,
        server::{accounts::sign_up::finish, passwords::Password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let name = DisplayName::parse(&display_name)?;
        let (token, password) = (caller.link_token(token), Password::new(password));
        let presented = caller.refresh_token.as_ref();
        let started = finish(&caller.state, caller.context(), &token, name, password, presented).await?;
        caller.clear_link();
        caller.started(started, next.as_deref())
    })
    .await
}

/// Gives an account the address that a link was mailed to. Signs nobody in.
#[server(prefix = "/api", endpoint = "auth/confirm_email", client = AuthClient, output = Json)]
pub async fn confirm_email(token: Option<String>) -> Result<(), ApiError> {
    use crate::{
        model::local_path::LocalPath,
        server::{accounts::change_email::confirm, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        confirm(&caller.state, caller.context(), &caller.link_token(token)).await?;
        caller.clear_link();
        caller.redirect_form(&LocalPath::page("/confirm-email?done=yes"))
    })
    .await
}

/// Gives an account back the address that a link was mailed to, with a new password. Signs nobody in.
#[server(prefix = "/api", endpoint = "auth/restore_email", client = AuthClient, output = Json)]
pub async fn restore_email(token: Option<String>, password: String) -> Result<(), ApiError> {
    use crate::{
        model::{local_path::LocalPath, session::SignOutReason},
        server::{accounts::change_email::restore, passwords::Password, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let token = caller.link_token(token);
        restore(&caller.state, caller.context(), &token, &Password::new(password)).await?;
        caller.clear_link();
        caller.redirect_form(&LocalPath::signed_out(SignOutReason::PasswordChanged))
    })
    .await
}

/// Signs in. `next` is where a form without JavaScript goes then.
#[server(prefix = "/api", endpoint = "auth/login", client = AuthClient, output = Json)]
pub async fn login(email: String, password: String, next: Option<String>) -> Result<SignIn, ApiError> {
    use crate::server::{
        accounts::sign_in::{Credentials, sign_in},
        request::caller::Caller,
    };
    Caller::respond(async |caller| {
        let credentials = Credentials::parse(&email, password)?;
        let device = caller.device_cookie();
        let presented = caller.refresh_token.as_ref();
        let started = sign_in(&caller.state, caller.context(), credentials, device, presented).await?;
        caller.started(started, next.as_deref())
    })
    .await
}

/// Has a link that signs in mailed to an address. The answer is the same whether or not it has an account. `next` is where
/// the link leads.
#[server(prefix = "/api", endpoint = "auth/request_sign_in_link", client = AuthClient, output = Json)]
pub async fn request_sign_in_link(email: String, next: Option<String>) -> Result<(), ApiError> {
    use crate::{
        model::{access::after_sign_in, email::EmailAddress},
        server::{accounts::sign_in_link::ask, request::caller::Caller},
    };
    Caller::respond(async |caller| {
        let (email, next) = (EmailAddress::parse(&email)?, after_sign_in(next.as_deref()));
        let sent = next.link_sent();
        ask(&caller.state, caller.context(), email, &caller.known_browser()?, next).await?;
        caller.redirect_form(&sent)
    })
    .await
}

/// Signs in with a link that was mailed, in the browser that has asked for it.
#[server(prefix = "/api", endpoint = "auth/sign_in_with_link", client = AuthClient, output = Json)]
pub async fn sign_in_with_link(token: Option<String>) -> Result<SignIn, ApiError> {
    use crate::server::{
        accounts::sign_in_link::sign_in, authentication::mailed_link::Opened, request::caller::Caller,
    };
    Caller::respond(async |caller| {
        let (token, browser) = (caller.link_token(token), caller.flow_cookie());
        let opened = Opened { token: &token, browser: browser.as_deref() };
        let presented = caller.refresh_token.as_ref();
        let (started, next) = sign_in(&caller.state, caller.context(), opened, presented).await?;
        caller.clear_link();
        caller.started(started, Some(next.as_str()))
    })
    .await
}

/// Takes the second step of signing in: with a code of an authenticator app, a recovery code, or a passkey (`credential` and
/// `state`, as for signing in with it). `next` is where a form
/// without JavaScript goes then.
#[server(prefix = "/api", endpoint = "auth/second_factor", client = AuthClient, output = Json)]
pub async fn second_factor(
    code: Option<String>,
    credential: Option<String>,
    state: Option<String>,
    next: Option<String>,
) -> Result<SignIn, ApiError> {
    use crate::{
        model::second_factor::OneTimeCode,
        server::{
            accounts::{
                second_step::finish,
                use_passkey::{self, Sent},
            },
            error::Error,
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let attempt = caller.attempt()?;
        let presented = caller.refresh_token.as_ref();
        let started = if let (Some(credential), Some(state)) = (&credential, &state) {
            let sent = Sent { credential, state };
            use_passkey::second_step(&caller.state, caller.context(), &attempt, sent, presented).await?
        } else {
            let code = OneTimeCode::parse(code.as_deref().unwrap_or_default());
            let code = code.map_err(|error| Error::invalid("code", error))?;
            finish(&caller.state, caller.context(), &attempt, &code, presented).await?
        };
        caller.started(started, next.as_deref())
    })
    .await
}

/// What the browser is asked for, to use a passkey: by whoever signs in, by whoever has taken the first step of that, or
/// by whoever is signed in.
#[server(prefix = "/api", endpoint = "auth/passkey_options", client = AuthClient, output = Json)]
pub async fn passkey_options(
    #[server(default)] purpose: PasskeyPurpose,
) -> Result<Begun<RequestOptions>, ApiError> {
    use crate::{
        model::role::Permission,
        server::{
            accounts::passkey_options::request, authentication::ceremony::Purpose, request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let (purpose, user) = match purpose {
            PasskeyPurpose::SignIn => (Purpose::SignIn, None),
            PasskeyPurpose::SecondStep => {
                let attempt = caller.attempt()?;
                (attempt.passkey_purpose(), Some(attempt.user))
            }
            PasskeyPurpose::Reauthentication => {
                let principal = caller.require(Permission::ManageAccount).await?;
                (Purpose::Reauthentication(principal.session), Some(principal.user))
            }
        };
        request(&caller.state, caller.now, purpose, user.as_ref()).await
    })
    .await
}

/// Signs in with a passkey: `credential` is its JSON, `state` what came with the options.
#[server(prefix = "/api", endpoint = "auth/passkey", client = AuthClient, output = Json)]
pub async fn sign_in_with_passkey(
    credential: String,
    state: String,
    next: Option<String>,
) -> Result<SignIn, ApiError> {
    use crate::server::{
        accounts::use_passkey::{Sent, sign_in},
        request::caller::Caller,
    };
    Caller::respond(async |caller| {
        let sent = Sent { credential: &credential, state: &state };
        let started = sign_in(&caller.state, caller.context(), sent, caller.refresh_token.as_ref()).await?;
        caller.started(started, next.as_deref())
    })
    .await
}

/// Checks once more that it is whoever is signed in, by a passkey. `request` is the handle of what an app asks for, if it
/// is that app which wants to know.
#[server(prefix = "/api", endpoint = "auth/reauthenticate_with_passkey", client = AuthClient, output = Json)]
pub async fn reauthenticate_with_passkey(
    credential: String,
    state: String,
    request: Option<String>,
) -> Result<TokenResponse, ApiError> {
    use crate::{
        model::role::Permission,
        server::{
            accounts::use_passkey::{Sent, reauthenticate},
            oauth::consent::authenticated,
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageAccount).await?;
        let sent = Sent { credential: &credential, state: &state };
        let (state, context) = (&caller.state, caller.context());
        let presented = caller.refresh_token.as_ref();
        let (issued, evidence) = reauthenticate(state, context, &principal, sent, presented).await?;
        if let Some(handle) = request {
            let browser = caller.flow_cookie();
            authenticated(state, context, &handle, browser.as_deref(), &principal.session, evidence).await?;
        }
        Ok(caller.refreshed(issued))
    })
    .await
}

/// Checks once more that it is whoever is signed in, for what needs that to be recent: by the password, and by a code if the
/// account has a second step. The session goes on; the access token that is answered says when, and the refresh token
/// moves on.
#[server(prefix = "/api", endpoint = "auth/reauthenticate", client = AuthClient, output = Json)]
pub async fn reauthenticate(password: String, code: Option<String>) -> Result<TokenResponse, ApiError> {
    use crate::{
        model::{role::Permission, second_factor::OneTimeCode},
        server::{
            accounts::reauthenticate::{Entered, reauthenticate},
            error::Error,
            passwords::Password,
            request::caller::Caller,
        },
    };
    Caller::respond(async |caller| {
        let principal = caller.require(Permission::ManageAccount).await?;
        let password = Password::new(password);
        let code = code.as_deref().map(OneTimeCode::parse).transpose();
        let code = code.map_err(|error| Error::invalid("code", error))?;
        let entered = Entered { password: &password, code: code.as_ref() };
        let presented = caller.refresh_token.as_ref();
        let (issued, _) =
            reauthenticate(&caller.state, caller.context(), &principal, entered, presented).await?;
        Ok(caller.refreshed(issued))
    })
    .await
}

/// Exchanges the session cookie for an access token, and rotates it.
#[server(prefix = "/api", endpoint = "auth/refresh", client = AuthClient, output = Json)]
pub async fn refresh() -> Result<TokenResponse, ApiError> {
    use crate::server::{request::caller::Caller, sessions::refresh::refresh};
    Caller::respond(async |caller| {
        let issued = refresh(&caller.state, caller.context(), caller.refresh_token.as_ref()).await?;
        Ok(caller.refreshed(issued))
    })
    .await
}

/// Signs out. The cookie is cleared and the answer is 200 whatever happens: somebody who wants to leave is let go. If
/// the store does not answer, the session, whose cookie nobody holds any more, expires by itself.
#[server(prefix = "/api", endpoint = "auth/logout", client = AuthClient, output = Json)]
pub async fn logout() -> Result<(), ApiError> {
    use crate::{
        model::{local_path::LocalPath, session::SignOutReason},
        server::{request::caller::Caller, sessions::revoke::sign_out},
    };
    Caller::respond(async |caller| {
        caller.clear_session();
        caller.redirect_form(&LocalPath::signed_out(SignOutReason::SignedOut))?;
        match sign_out(&caller.state, caller.context(), caller.refresh_token.as_ref()).await {
            Ok(Some((user, session))) => caller.remember_device(&user, &session),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a session was left by its browser and could not be ended"),
        }
        Ok(())
    })
    .await
}
