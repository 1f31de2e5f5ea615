//! Recovery codes: for whoever has lost the phone. Each works once.

use crate::{
    model::{id::UserId, second_factor::RecoveryCode},
    server::{
        client_info::ActionContext,
        error::Error,
        passwords::{Password, hasher::Turn},
        state::AppState,
        store::{Tx, recovery_codes},
    },
};

/// Codes of a set.
pub const COUNT: usize = 10;

/// New codes, with what is stored of each.
#[derive(Debug)]
pub struct NewCodes {
    /// As they are shown, once.
    pub shown: Vec<String>,
    hashes: Vec<String>,
}

/// Makes `count` codes. They have one salt, so that a try costs one hash, however many there are.
pub async fn generate(state: &AppState, context: ActionContext<'_>, count: usize) -> Result<NewCodes, Error> {
    let mut new = NewCodes { shown: Vec::new(), hashes: Vec::new() };
    for _ in 0..count {
        let code = RecoveryCode::of(state.entropy.bytes()?);
        let hash = match new.hashes.first() {
            None => state.passwords.hash(turn(context), &secret(&code), &state.entropy).await?,
            Some(first) => hash_like(state, context, &code, first.clone()).await?,
        };
        new.shown.push(code.to_string());
        new.hashes.push(hash);
    }
    Ok(new)
}

/// Stores a set in place of the one before.
pub async fn store(tx: &mut Tx, user: &UserId, new: &NewCodes) -> Result<(), Error> {
    recovery_codes::delete_of_user(tx, user).await?;
    for hash in &new.hashes {
        recovery_codes::insert(tx, user, hash).await?;
    }
    Ok(())
}

/// What would be stored for a code that was typed, if it is one of the account's; nothing if the account has none.
pub async fn find(
    state: &AppState,
    context: ActionContext<'_>,
    user: &UserId,
    code: &RecoveryCode,
) -> Result<Option<String>, Error> {
    let mut reader = state.store.read().await?;
    let any = recovery_codes::any_of_user(&mut reader, user).await?;
    drop(reader);
    match any {
        Some(any) => Ok(Some(hash_like(state, context, code, any).await?)),
        None => Ok(None),
    }
}

async fn hash_like(
    state: &AppState,
    context: ActionContext<'_>,
    code: &RecoveryCode,
    like: String,
) -> Result<String, Error> {
    state.passwords.hash_like(turn(context), &secret(code), like).await
}

fn turn(context: ActionContext<'_>) -> Turn {
    Turn::sign_in(context.client)
}

fn secret(code: &RecoveryCode) -> Password {
    Password::new(code.as_str().to_owned())
}
