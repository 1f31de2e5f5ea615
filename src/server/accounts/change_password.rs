//! Changing one's password.

use super::{confirm_password, profile};
use crate::{
    model::session::SignOutReason,
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        passwords::{Password, hasher::Turn, rules},
        principal::Principal,
        sessions::{
            Issued,
            revoke::revoke_all_except,
            start::{self, SignInMethod},
        },
        state::AppState,
        store::{
            audit::{Event, EventKind},
            one_time_tokens::{self, Purpose},
            sessions, users,
        },
    },
};

/// Changes the password of whoever knows the current one. All sessions end, so that a thief's does; the one that asks
/// goes on as a new one.
pub async fn change_password(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    current: &Password,
    new: &Password,
) -> Result<Issued, Error> {
    let user = profile::get(state, &principal.user).await?;
    rules::check(new.as_str(), &user.email, Some(&user.display_name))
        .map_err(|problem| Error::invalid("new_password", problem))?;
    let asked = ("current_password", EventKind::PasswordChangeFailed);
    confirm_password::confirm(state, context, principal, &user, current, asked).await?;
    let hash = state.passwords.hash(Turn::sign_in(context.client), new, &state.entropy).await?;

    let mut change = Change::begin(state, context).await?;
    let locked = users::lock_by_id(change.tx(), &user.id).await?;
    // Whoever was faster has changed it already.
    let mut user = locked
        .filter(|now| now.is_enabled() && now.password_hash == user.password_hash)
        .ok_or(Error::WrongPassword("current_password"))?;
    // Somebody who has signed out meanwhile stays signed out.
    let session = sessions::lock_by_id(change.tx(), &principal.session).await?;
    session.filter(|session| session.is_live(context.now)).ok_or(Error::NoSession)?;
    users::set_password_hash(change.tx(), &user.id, &hash).await?;
    one_time_tokens::delete_of_user_except(change.tx(), &user.id, Purpose::EmailRevert).await?;
    change.record(Event::new(EventKind::PasswordChanged).by(&user.id).about(&user.id)).await?;
    revoke_all_except(&mut change, &mut user, Some(&principal.user), SignOutReason::PasswordChanged, None)
        .await?;
    change.notify(&user, Notice::PasswordChanged).await?;
    let issued =
        start::start(state, change, &user, SignInMethod::PasswordChanged(&principal.session), None).await?;
    Ok(issued)
}
