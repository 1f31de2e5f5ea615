//! Passwords as evidence.

use super::evidence::Evidence;
use crate::{
    model::methods::Method,
    server::{
        client_info::ActionContext,
        error::Error,
        passwords::{
            Password,
            hasher::{PasswordMatch, Turn},
        },
        state::AppState,
    },
};

/// A password that was right.
#[derive(Debug)]
pub struct Verified {
    pub evidence: Evidence,
    /// Whether its hash was made with other parameters than today's.
    pub needs_rehash: bool,
}

/// Compares a password with a stored hash; without one it works as long and finds nothing.
pub async fn verify(
    state: &AppState,
    context: ActionContext<'_>,
    password: &Password,
    stored: Option<String>,
) -> Result<Option<Verified>, Error> {
    let matched = state.passwords.verify(Turn::sign_in(context.client), password, stored).await?;
    let evidence = Evidence::of(Method::Password, context.now);
    Ok(match matched {
        PasswordMatch::No => None,
        PasswordMatch::Yes => Some(Verified { evidence, needs_rehash: false }),
        PasswordMatch::NeedsRehash => Some(Verified { evidence, needs_rehash: true }),
    })
}

/// Hashes a password that was just chosen. Whoever has chosen it knows it.
pub async fn choose(
    state: &AppState,
    context: ActionContext<'_>,
    turn: Turn,
    password: &Password,
) -> Result<(String, Evidence), Error> {
    let hash = state.passwords.hash(turn, password, &state.entropy).await?;
    Ok((hash, Evidence::of(Method::Password, context.now)))
}
