//! Proving again who one is, for what a stolen access token must not be enough for.

use super::{confirm_password, profile};
use crate::{
    model::second_factor::{InvalidCode, OneTimeCode},
    server::{
        authentication::{evidence::Evidence, factors::Factors, second_factor},
        change::Change,
        client_info::ActionContext,
        error::Error,
        passwords::Password,
        principal::Principal,
        sessions::{Issued, step_up::step_up},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
        tokens::refresh::token::RefreshToken,
    },
};

/// What is entered again. The code is needed where the account has a second step.
#[derive(Clone, Copy, Debug)]
pub struct Entered<'a> {
    pub password: &'a Password,
    pub code: Option<&'a OneTimeCode>,
}

/// Checks what the principal's account is signed in to with, and hands out an access token that says when, with the
/// refresh token to hold from now on. `presented` is the one that the browser holds.
pub async fn reauthenticate(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    entered: Entered<'_>,
    presented: Option<&RefreshToken>,
) -> Result<(Issued, Evidence), Error> {
    let asked = ("password", EventKind::ReauthenticationFailed);
    let user = profile::get(state, &principal.user).await?;
    let evidence =
        confirm_password::confirm(state, context, principal, &user, entered.password, asked).await?;
    let prepared = match entered.code {
        Some(code) => Some(second_factor::prepare(state, context, &user.id, code).await?),
        None => None,
    };
    let mut change = Change::begin(state, context).await?;
    let user = lock_unchanged(&mut change, &user).await?;
    let (mut change, evidence) = if Factors::of(change.tx(), &user.id).await?.need_second_step() {
        let prepared = prepared.ok_or_else(|| Error::invalid("code", InvalidCode))?;
        let failure = Event::new(EventKind::ReauthenticationFailed).by(&user.id).of(&principal.session);
        let (change, second) = second_factor::verify(state, change, &user, &prepared, failure).await?;
        (change, evidence.and(second))
    } else {
        (change, evidence)
    };
    record(&mut change, principal, evidence).await?;
    Ok((step_up(state, change, principal, &user, evidence, presented).await?, evidence))
}

/// While the hash was computed the password may have changed.
async fn lock_unchanged(change: &mut Change<'_>, user: &User) -> Result<User, Error> {
    let current = users::lock_by_id(change.tx(), &user.id).await?;
    let unchanged = current.filter(|now| now.is_enabled() && now.password_hash == user.password_hash);
    unchanged.ok_or(Error::WrongPassword("password"))
}

/// Records what was proved again.
pub(super) async fn record(
    change: &mut Change<'_>,
    principal: &Principal,
    evidence: Evidence,
) -> Result<(), Error> {
    let detail = serde_json::json!({ "factors": evidence.methods().to_string() });
    let event = Event::new(EventKind::Reauthenticated).by(&principal.user).about(&principal.user);
    Ok(change.record(event.of(&principal.session).with(detail)).await?)
}
