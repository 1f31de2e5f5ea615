//! Signing up, signing in, staying signed in, signing out.

use leptos::prelude::*;

use super::{error::ApiError, json::Json};
use crate::{app::session::client::AuthClient, model::session::Session};

/// Makes an account and signs in to it. `next` is where a form without JavaScript goes then.
#[server(prefix = "/api", endpoint = "auth/register", client = AuthClient, output = Json)]
pub async fn register(
    email: String,
    display_name: String,
    password: String,
    next: Option<String>,
) -> Result<Session, ApiError> {
    use crate::server::{
        accounts::{NewAccount, register::register},
        request::Request,
    };
    Request::answer(async |request| {
        let new = NewAccount::parse(&email, &display_name, password)?;
        let issued = register(&request.state, request.context(), new, request.presented()).await?;
        request.signed_in(issued, next.as_deref())
    })
    .await
}

/// Makes the first administrator, with the link that the first start printed.
#[server(prefix = "/api", endpoint = "auth/setup", client = AuthClient, output = Json)]
pub async fn setup(
    token: String,
    email: String,
    display_name: String,
    password: String,
) -> Result<Session, ApiError> {
    use crate::server::{
        accounts::{NewAccount, setup::redeem},
        request::Request,
    };
    Request::answer(async |request| {
        let new = NewAccount::parse(&email, &display_name, password)?;
        let issued = redeem(&request.state, request.context(), &token, new, request.presented()).await?;
        request.signed_in(issued, None)
    })
    .await
}

/// Chooses name and password of an account that an administrator has made, and signs in to it.
#[server(prefix = "/api", endpoint = "auth/accept_invitation", client = AuthClient, output = Json)]
pub async fn accept_invitation(
    token: String,
    display_name: String,
    password: String,
) -> Result<Session, ApiError> {
    use crate::{
        model::display_name::DisplayName,
        server::{
            accounts::{Password, invite::accept},
            error::Error,
            request::Request,
        },
    };
    Request::answer(async |request| {
        let name =
            DisplayName::parse(&display_name).map_err(|problem| Error::invalid("display_name", problem))?;
        let password = Password::new(password);
        let held = request.presented();
        let issued = accept(&request.state, request.context(), &token, name, &password, held).await?;
        request.signed_in(issued, None)
    })
    .await
}

/// Signs in. `next` is where a form without JavaScript goes then.
#[server(prefix = "/api", endpoint = "auth/login", client = AuthClient, output = Json)]
pub async fn login(email: String, password: String, next: Option<String>) -> Result<Session, ApiError> {
    use crate::server::{
        accounts::sign_in::{Credentials, sign_in},
        request::Request,
    };
    Request::answer(async |request| {
        let credentials = Credentials::parse(&email, password)?;
        let mark = request.state.known_devices.recognise(&request.cookies, &credentials.email);
        let held = request.presented();
        let issued = sign_in(&request.state, request.context(), credentials, mark, held).await?;
        request.signed_in(issued, next.as_deref())
    })
    .await
}

/// Checks the password of whoever is signed in once more, for what needs it to be recent. The session goes on; the
/// access token that is answered says when.
#[server(prefix = "/api", endpoint = "auth/reauthenticate", client = AuthClient, output = Json)]
pub async fn reauthenticate(password: String) -> Result<Session, ApiError> {
    use crate::{
        model::role::Permission,
        server::{accounts::Password, request::Request, sessions::reauthenticate::reauthenticate},
    };
    Request::answer(async |request| {
        let principal = request.require(Permission::ManageAccount).await?;
        let password = Password::new(password);
        let issued = reauthenticate(&request.state, request.context(), &principal, &password).await?;
        Ok(issued.session)
    })
    .await
}

/// Exchanges the session cookie for an access token, and moves the cookie on.
#[server(prefix = "/api", endpoint = "auth/refresh", client = AuthClient, output = Json)]
pub async fn refresh() -> Result<Session, ApiError> {
    use crate::server::{request::Request, sessions::refresh::refresh};
    Request::answer(async |request| {
        let issued = refresh(&request.state, request.context(), request.presented()).await?;
        issued.cookie.set(&request.cookies);
        Ok(issued.session)
    })
    .await
}

/// Signs out. The cookie is cleared and the answer is 200 whatever happens: somebody who wants to leave is let go. If
/// the store is silent, the session that nobody holds a cookie of any more ends by itself.
#[server(prefix = "/api", endpoint = "auth/logout", client = AuthClient, output = Json)]
pub async fn logout() -> Result<(), ApiError> {
    use crate::{
        model::{local_path::LocalPath, session::SignOutReason},
        server::{
            request::Request,
            sessions::{cookie, end::sign_out},
        },
    };
    Request::answer(async |request| {
        cookie::clear(&request.cookies);
        request.see_other(&LocalPath::signed_out(SignOutReason::SignedOut))?;
        match sign_out(&request.state, request.context(), request.presented()).await {
            Ok(Some(user)) => {
                request.state.known_devices.mark(&request.cookies, &user.email, &request.state.entropy)?;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a session was left by its browser and could not be ended"),
        }
        Ok(())
    })
    .await
}
