//! Nobody locks themselves out: the last way to sign in to an account is not taken away.

use crate::server::{
    change::Change,
    error::Error,
    state::AppState,
    store::{passkeys, upstream_identities, users::User},
};

/// Refuses what was taken away in this change, if nothing is left: no password, no passkey of this host, and no identity
/// at a provider that is switched on.
pub async fn require_one(state: &AppState, change: &mut Change<'_>, user: &User) -> Result<(), Error> {
    if user.password_hash.is_some() {
        return Ok(());
    }
    let passkeys = passkeys::count(change.tx(), &user.id, state.relying_party.id()).await?;
    let identities = upstream_identities::count_usable(change.tx(), &user.id).await?;
    if passkeys + identities == 0 { Err(Error::LastWayIn) } else { Ok(()) }
}
