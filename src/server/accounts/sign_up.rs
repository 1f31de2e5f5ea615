//! Signing up where mail is sent: whoever has an address gets a link, and chooses a name and a password on it. So every
//! account has an address that is its owner's, and nobody learns which addresses have one.

use std::time::Duration;

use super::{NewAccount, links::NewLink, parse_new_address, register};
use crate::{
    model::{display_name::DisplayName, email::EmailAddress, local_path::LocalPath, role::Roles},
    server::{
        authentication::password as passwords,
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        config::Registration,
        error::Error,
        mail::{Portal, Wanted, link},
        passwords::{Password, hasher::Turn, rules},
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            Queryable,
            one_time_tokens::{self, Purpose},
            users,
        },
        tokens::{one_time, refresh::token::RefreshToken},
    },
};

/// How long the link works.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Has a link mailed to an address. The answer is the same whether or not it has an account. `next` is where its owner goes
/// once they have one.
pub async fn ask(
    state: &AppState,
    context: ActionContext<'_>,
    email: &str,
    next: LocalPath,
) -> Result<(), Error> {
    refuse_closed(state)?;
    let email = parse_new_address(email).map_err(|problem| Error::invalid("email", problem))?;
    super::mail_request::ask(state, context, Wanted::Account(next), email).await
}

fn refuse_closed(state: &AppState) -> Result<(), Error> {
    match state.config.registration {
        Registration::Open => Ok(()),
        Registration::Closed => Err(Error::RegistrationClosed),
    }
}

/// Mails the link, or, to whoever has an account, that they have one.
pub(super) async fn mail_link(
    state: &AppState,
    change: &mut Change<'_>,
    email: &EmailAddress,
    next: &LocalPath,
) -> Result<(), Error> {
    let portal = Portal::of(&state.config);
    if let Some(user) = users::by_email(change.tx(), email).await? {
        let mail = link::account_exists(portal, &user.email, next);
        return change.mail(&user.email, Some(&user.id), mail).await;
    }
    let (purpose, expires_at) = (Purpose::SignUp, change.context.now + LIFETIME);
    one_time_tokens::delete_for_address(change.tx(), purpose, email).await?;
    let link = NewLink { purpose, user: None, email: Some(email), asker: None, expires_at };
    let path = link.store(change.tx(), &state.entropy).await?;
    change.mail(email, None, link::sign_up(portal, &path, next, LIFETIME)).await
}

/// The address that a link is for, if it works.
pub async fn find(state: &AppState, now: Timestamp, token: &str) -> Result<Option<EmailAddress>, Error> {
    let mut reader = state.store.read().await?;
    address(&mut reader, now, token).await
}

async fn address(
    db: &mut impl Queryable,
    now: Timestamp,
    token: &str,
) -> Result<Option<EmailAddress>, Error> {
    let found = one_time_tokens::find(db, Purpose::SignUp, &one_time::hash(token)).await?;
    Ok(found.filter(|found| found.is_live(now)).map(|found| found.email()).transpose()?.flatten())
}

/// Makes the account of whoever has the link, and signs in to it.
pub async fn finish(
    state: &AppState,
    context: ActionContext<'_>,
    token: &str,
    display_name: DisplayName,
    password: Password,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    state.rate_limiter.check_network(context)?;
    refuse_closed(state)?;
    let email = find(state, context.now, token).await?.ok_or(Error::LinkClosed)?;
    let rules = &state.config.password_rules;
    rules::require(rules, "password", &password, &email, Some(&display_name)).await?;
    let turn = Turn::other(context.client);
    let (hash, evidence) = passwords::choose(state, context, turn, &password).await?;
    let new = NewAccount { email, display_name, password };
    let mut change = Change::begin(state, context).await?;
    // While the hash was computed the link may have been used. Only one who deletes it goes on.
    if !one_time_tokens::take(change.tx(), Purpose::SignUp, &one_time::hash(token), context.now).await? {
        return Err(Error::LinkClosed);
    }
    let roles = Roles::default();
    let mut user =
        register::create(change.tx(), context, &state.entropy, &new, hash, roles, "registration").await?;
    user.email_verified_at = Some(context.now);
    users::set_email_verified(change.tx(), &user.id, user.email_verified_at).await?;
    start::start(state, change, &user, evidence, SignInMethod::Registration, presented).await
}
