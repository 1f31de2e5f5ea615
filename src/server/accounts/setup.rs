//! The first administrator: made by whoever can read the server's output.

use std::time::Duration;

use super::{NewAccount, links::NewLink, register::create};
use crate::{
    model::role::{Role, Roles},
    server::{
        authentication::password,
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        passwords::hasher::Turn,
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            one_time_tokens::{self, Purpose},
            users,
        },
        tokens::{one_time, refresh::token::RefreshToken},
    },
};

/// How long the link works.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Makes a new setup link if nobody has an account yet; one of an earlier start works no more. Returns its path.
pub async fn offer(state: &AppState, now: Timestamp) -> Result<Option<String>, Error> {
    let mut tx = state.store.begin().await?;
    one_time_tokens::delete_all(&mut tx, Purpose::Setup).await?;
    if users::any(&mut tx).await? {
        tx.commit().await?;
        return Ok(None);
    }
    let link =
        NewLink { purpose: Purpose::Setup, user: None, email: None, asker: None, expires_at: now + LIFETIME };
    let path = link.store(&mut tx, &state.entropy).await?;
    tx.commit().await?;
    Ok(Some(path))
}

/// Whether the link of this token works.
pub async fn is_open(state: &AppState, now: Timestamp, token: &str) -> Result<bool, Error> {
    let mut reader = state.store.read().await?;
    let link = one_time_tokens::find(&mut reader, Purpose::Setup, &one_time::hash(token)).await?;
    Ok(link.is_some_and(|link| link.is_live(now)))
}

/// Makes the first administrator and signs them in. The link works once, and only while there is no administrator.
pub async fn redeem(
    state: &AppState,
    context: ActionContext<'_>,
    token: &str,
    new: NewAccount,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    state.rate_limiter.check_network(context)?;
    if !is_open(state, context.now, token).await? {
        return Err(Error::SetupClosed);
    }
    let turn = Turn::other(context.client);
    let (password_hash, evidence) = password::choose(state, context, turn, &new.password).await?;
    let mut change = Change::begin(state, context).await?;
    let taken = users::lock_any_admin(change.tx()).await?;
    let link = one_time_tokens::find(change.tx(), Purpose::Setup, &one_time::hash(token)).await?;
    if taken || !link.is_some_and(|link| link.is_live(context.now)) {
        return Err(Error::SetupClosed);
    }
    one_time_tokens::delete_all(change.tx(), Purpose::Setup).await?;
    let user = create(
        change.tx(),
        context,
        &state.entropy,
        &new,
        password_hash,
        Roles::from(vec![Role::Admin]),
        "setup link",
    )
    .await?;
    start::start(state, change, &user, evidence, SignInMethod::Setup, presented).await
}
