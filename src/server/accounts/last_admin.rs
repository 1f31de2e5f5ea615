//! The anti-lockout rule: one administrator who can sign in always remains.

use crate::{
    model::{id::UserId, role::Role},
    server::{
        error::Error,
        store::{Tx, users},
    },
};

/// Refuses to take administration away from the last who has it. Holds the answer for the transaction, so that two at
/// once cannot each count on the other.
pub async fn refuse_last_admin(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    let others = users::lock_any_other_admin(tx, id).await?;
    let user = users::by_id(tx, id).await?;
    let is_admin = user.is_some_and(|user| user.roles.contains(Role::Admin) && user.is_enabled());
    if is_admin && !others { Err(Error::LastAdmin) } else { Ok(()) }
}
