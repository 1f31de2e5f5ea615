//! What somebody who is signed in can prove with, once more, that it is them.

use super::profile;
use crate::{
    model::{proofs::Proofs, upstream::linked::ProviderButton},
    server::{
        authentication::factors::Factors,
        error::Error,
        principal::Principal,
        state::AppState,
        store::{
            Queryable, StoreError, passkeys, upstream_identities,
            upstream_providers::{self, Provider},
            users::User,
        },
    },
};

pub async fn proofs(state: &AppState, principal: &Principal) -> Result<Proofs, Error> {
    let user = profile::get(state, &principal.user).await?;
    let mut reader = state.store.read().await?;
    let code = Factors::of(&mut reader, &user.id).await?.need_second_step();
    let passkeys = passkeys::count(&mut reader, &user.id, state.relying_party.id()).await?;
    // The word of a provider takes the place of a password, not of a second step.
    let providers = if code { Vec::new() } else { linked(&mut reader, &user).await? };
    let password = user.password_hash.is_some();
    Ok(Proofs { email: user.email, password, code, passkey: passkeys > 0, providers })
}

async fn linked(db: &mut impl Queryable, user: &User) -> Result<Vec<ProviderButton>, StoreError> {
    let identities = upstream_identities::of_user(db, &user.id).await?;
    let providers = upstream_providers::all(db).await?;
    let is_usable = |provider: &&Provider| {
        provider.is_enabled()
            && provider.preset.says_when()
            && identities.iter().any(|identity| identity.provider == provider.id)
    };
    Ok(providers.iter().filter(is_usable).map(Provider::button).collect())
}
