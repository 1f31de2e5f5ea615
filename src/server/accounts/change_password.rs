//! Changing one's password.

use super::{Password, own_password, password_rules, profile};
use crate::{
    model::session::SignOutReason,
    server::{
        audit::{self, Event, EventKind},
        error::Error,
        origin::Context,
        principal::Principal,
        sessions::{Issued, own::Ending, start},
        state::State,
        store::users,
    },
};

/// Changes the password of whoever knows the current one. All sessions end, so that a thief's does; the one that asks
/// goes on as a new one.
pub async fn change_password(
    state: &State,
    context: Context<'_>,
    principal: &Principal,
    current: &Password,
    new: &Password,
) -> Result<Issued, Error> {
    let user = profile::get(state, &principal.user).await?;
    password_rules::check(new.as_str(), &user.email, Some(&user.display_name))
        .map_err(|problem| Error::invalid("new_password", problem))?;
    let asked = ("current_password", EventKind::PasswordChangeFailed);
    own_password::confirm(state, context, principal, &user, current, asked).await?;
    let hash = state.passwords.hash(new, &state.entropy).await?;

    let mut tx = state.store.begin().await?;
    let locked = users::lock_by_id(&mut tx, &user.id).await?;
    // Whoever was faster has changed it already.
    let user = locked
        .filter(|now| now.is_enabled() && now.password_hash == user.password_hash)
        .ok_or(Error::WrongPassword("current_password"))?;
    users::set_password_hash(&mut tx, &user.id, &hash).await?;
    audit::record(&mut tx, context, Event::new(EventKind::PasswordChanged).by(&user.id).about(&user.id))
        .await?;
    let ending = Ending { actor: Some(&user.id), user: &user.id, reason: SignOutReason::PasswordChanged };
    let changes = ending.all_but(state, &mut tx, context, None).await?;
    let issued = start::start(state, tx, context, &user, None).await?;
    state.deny(context.now, changes);
    Ok(issued)
}
