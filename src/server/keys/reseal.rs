//! Changing the master secret: everything that is sealed is sealed anew under the first of them.

use super::{error::ResealError, key_set::purpose};
use crate::server::{
    crypto::{entropy::Entropy, error::SealError, vault::Vault},
    mail::seal_purpose,
    store::{Store, mails, sealed_secrets, signing_keys, totp},
};

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    pub signing_keys: u32,
    pub secrets: u32,
    /// Those that wait to be sent.
    pub mails: u32,
    /// Values that were under the first master secret before.
    pub already: u32,
}

/// Seals everything under the vault's first master secret, in one transaction: all or nothing.
pub async fn reseal(store: &Store, vault: &Vault, entropy: &Entropy) -> Result<Resealed, ResealError> {
    let mut done = Resealed::default();
    let mut tx = store.begin().await?;
    signing_keys::lock(&mut tx).await?;
    for key in signing_keys::all(&mut tx).await?.into_iter().filter(|key| !key.sealed.is_empty()) {
        match anew(vault, &purpose(&key.kid), &key.sealed, entropy)? {
            Some(sealed) => {
                signing_keys::reseal(&mut tx, &key.kid, &sealed).await?;
                done.signing_keys += 1;
            }
            None => done.already += 1,
        }
    }
    for secret in sealed_secrets::all(&mut tx).await? {
        match anew(vault, &secret.name, &secret.sealed, entropy)? {
            Some(sealed) => {
                sealed_secrets::reseal(&mut tx, &secret.name, &sealed).await?;
                done.secrets += 1;
            }
            None => done.already += 1,
        }
    }
    for app in totp::all(&mut tx).await? {
        match anew(vault, &totp::purpose(&app.user_id), &app.sealed_secret, entropy)? {
            Some(sealed) => {
                totp::reseal(&mut tx, &app.user_id, &sealed).await?;
                done.secrets += 1;
            }
            None => done.already += 1,
        }
    }
    for (id, sealed) in mails::sealed(&mut tx).await? {
        match anew(vault, &seal_purpose(&id), &sealed, entropy)? {
            Some(sealed) => {
                mails::reseal(&mut tx, &id, &sealed).await?;
                done.mails += 1;
            }
            None => done.already += 1,
        }
    }
    tx.commit().await?;
    Ok(done)
}

/// Whether every stored secret opens. A command that adds a key asks this first: sealed under a wrong master secret, the
/// key would keep every server from starting.
pub async fn check(store: &Store, vault: &Vault) -> Result<(), ResealError> {
    let mut reader = store.read().await?;
    for key in signing_keys::all(&mut reader).await?.into_iter().filter(|key| !key.sealed.is_empty()) {
        vault.open(&purpose(&key.kid), &key.sealed)?;
    }
    for secret in sealed_secrets::all(&mut reader).await? {
        vault.open(&secret.name, &secret.sealed)?;
    }
    for app in totp::all(&mut reader).await? {
        vault.open(&totp::purpose(&app.user_id), &app.sealed_secret)?;
    }
    for (id, sealed) in mails::sealed(&mut reader).await? {
        vault.open(&seal_purpose(&id), &sealed)?;
    }
    Ok(())
}

/// The value sealed under the first secret; nothing if it is so already. What cannot be opened is an error either way.
fn anew(vault: &Vault, purpose: &str, sealed: &str, entropy: &Entropy) -> Result<Option<String>, SealError> {
    let plain = vault.open(purpose, sealed)?;
    if vault.is_current(sealed) { Ok(None) } else { vault.seal(purpose, &plain, entropy).map(Some) }
}
