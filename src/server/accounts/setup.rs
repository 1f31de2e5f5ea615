//! The first administrator: made by whoever can read the server's output.

use std::time::Duration;

use super::{NewAccount, one_time_token, register::create};
use crate::{
    model::role::{Role, Roles},
    server::{
        clock::Timestamp,
        error::Error,
        origin::Context,
        sessions::{Issued, start},
        state::State,
        store::{
            links::{self, Purpose},
            users,
        },
    },
};

/// How long the link works.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Makes a new setup link if nobody has an account yet; one of an earlier start works no more. Returns its path.
pub async fn offer(state: &State, now: Timestamp) -> Result<Option<String>, Error> {
    let mut tx = state.store.begin().await?;
    links::delete_all(&mut tx, Purpose::Setup).await?;
    if users::any(&mut tx).await? {
        tx.commit().await?;
        return Ok(None);
    }
    let (token, token_hash) = one_time_token::generate(&state.entropy)?;
    links::insert(&mut tx, Purpose::Setup, &token_hash, None, now + LIFETIME).await?;
    tx.commit().await?;
    Ok(Some(format!("/setup?token={token}")))
}

/// Whether the link of this token works.
pub async fn is_open(state: &State, now: Timestamp, token: &str) -> Result<bool, Error> {
    let mut reader = state.store.read().await?;
    let link = links::find(&mut reader, Purpose::Setup, &one_time_token::hash(token)).await?;
    Ok(link.is_some_and(|link| link.is_live(now)))
}

/// Makes the first administrator and signs them in. The link works once, and only while there is no administrator.
pub async fn redeem(
    state: &State,
    context: Context<'_>,
    token: &str,
    new: NewAccount,
    presented: Option<&str>,
) -> Result<Issued, Error> {
    if !is_open(state, context.now, token).await? {
        return Err(Error::SetupClosed);
    }
    let password_hash = state.passwords.hash(&new.password, &state.entropy).await?;
    let mut tx = state.store.begin().await?;
    let taken = users::lock_any_admin(&mut tx).await?;
    let link = links::find(&mut tx, Purpose::Setup, &one_time_token::hash(token)).await?;
    if taken || !link.is_some_and(|link| link.is_live(context.now)) {
        return Err(Error::SetupClosed);
    }
    links::delete_all(&mut tx, Purpose::Setup).await?;
    let user = create(
        &mut tx,
        context,
        &state.entropy,
        &new,
        password_hash,
        Roles::from(vec![Role::Admin]),
        "setup link",
    )
    .await?;
    start::start(state, tx, context, &user, presented).await
}
