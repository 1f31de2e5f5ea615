//! Signing in with a link that is mailed, where that is switched on.

use std::time::Duration;

use serde_json::json;

use super::{links::NewLink, mail_request};
use crate::{
    model::{access::after_sign_in, email::EmailAddress, local_path::LocalPath},
    server::{
        authentication::mailed_link::{self, Opened},
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        mail::{Portal, Wanted, link},
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            one_time_tokens::{self, Asker, Purpose},
            users::{self, User},
        },
        tokens::{one_time, refresh::token::RefreshToken},
    },
};

/// How long the link works (OWASP ASVS 6.5.5).
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Has a link mailed to an address, for the browser of this cookie. The answer is the same whether or not it has an
/// account.
pub async fn ask(
    state: &AppState,
    context: ActionContext<'_>,
    email: EmailAddress,
    browser: &str,
    next: LocalPath,
) -> Result<(), Error> {
    refuse_off(state)?;
    mail_request::ask(state, context, Wanted::SignIn(one_time::hash(browser), next), email).await
}

fn refuse_off(state: &AppState) -> Result<(), Error> {
    if state.config.has_sign_in_links() { Ok(()) } else { Err(Error::NotFound) }
}

/// Mails the link instead of the one that the same browser has asked for before: no stranger takes it away. Whoever has an
/// account that takes more than a mail is mailed that there is none.
/// Nothing happens unless the address is that of an enabled account.
pub(super) async fn mail_link(
    state: &AppState,
    change: &mut Change<'_>,
    email: &EmailAddress,
    asker: Asker<'_>,
) -> Result<(), Error> {
    let Some(user) = users::lock_enabled_by_email(change.tx(), email).await? else { return Ok(()) };
    let portal = Portal::of(&state.config);
    let is_enough = mailed_link::is_enough(state, change.tx(), &user).await?;
    let event = Event::new(EventKind::MailedLinkRequested).about(&user.id);
    change.record(event.with(json!({ "mailed": is_enough }))).await?;
    if !is_enough {
        return change.mail(&user.email, Some(&user.id), link::no_sign_in_link(portal, &user.email)).await;
    }
    let (purpose, expires_at) = (Purpose::SignIn, change.context.now + LIFETIME);
    one_time_tokens::delete_of_asker(change.tx(), purpose, &user.id, asker).await?;
    let (user_id, email) = (Some(&user.id), Some(&user.email));
    let link = NewLink { purpose, user: user_id, email, asker: Some(asker), expires_at };
    let path = link.store(change.tx(), &state.entropy).await?;
    change.mail(&user.email, user_id, link::sign_in(portal, &path, &user.email, LIFETIME)).await
}

/// Whom a link signs in, and where it leads, if it works in this browser.
pub async fn find(
    state: &AppState,
    now: Timestamp,
    opened: Opened<'_>,
) -> Result<Option<(User, LocalPath)>, Error> {
    if !state.config.has_sign_in_links() {
        return Ok(None);
    }
    let mut reader = state.store.read().await?;
    let Some(found) = mailed_link::find(&mut reader, now, opened).await? else { return Ok(None) };
    let Some(user) = users::by_id(&mut reader, &found.user).await? else { return Ok(None) };
    let works = found.is_for(&user)? && mailed_link::is_enough(state, &mut reader, &user).await?;
    Ok(works.then(|| (user, after_sign_in(found.next()))))
}

/// Signs in with a link, which is used up by that. Returns where it leads, too.
pub async fn sign_in(
    state: &AppState,
    context: ActionContext<'_>,
    opened: Opened<'_>,
    presented: Option<&RefreshToken>,
) -> Result<(Started, LocalPath), Error> {
    state.rate_limiter.check_network(context)?;
    let (user, next) = find(state, context.now, opened).await?.ok_or(Error::LinkClosed)?;
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), &user.id).await?.ok_or(Error::LinkClosed)?;
    // Meanwhile it may have been used, or the account have changed.
    let evidence = mailed_link::use_up(state, &mut change, &user, opened).await?.ok_or(Error::LinkClosed)?;
    if user.email_verified_at.is_none() {
        users::set_email_verified(change.tx(), &user.id, Some(context.now)).await?;
        change.record(Event::new(EventKind::EmailVerified).about(&user.id)).await?;
    }
    let method = SignInMethod::MailedLink;
    Ok((start::start(state, change, &user, evidence, method, presented).await?, next))
}
