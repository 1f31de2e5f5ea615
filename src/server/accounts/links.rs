//! Links that work once: making one. Each page that such a link leads to uses its own up.

use crate::{
    model::{email::EmailAddress, id::UserId},
    server::{
        clock::Timestamp,
        crypto::entropy::Entropy,
        error::Error,
        store::{
            Tx,
            one_time_tokens::{self, Asker, NewToken, Purpose},
        },
        tokens::one_time,
    },
};

/// A link to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    pub purpose: Purpose,
    pub user: Option<&'a UserId>,
    /// The address that it is mailed to.
    pub email: Option<&'a EmailAddress>,
    /// The browser that it works in; nothing: any.
    pub asker: Option<Asker<'a>>,
    pub expires_at: Timestamp,
}

impl NewLink<'_> {
    /// Stores it, and returns its path, which holds the token.
    pub async fn store(self, tx: &mut Tx, entropy: &Entropy) -> Result<String, Error> {
        let Self { purpose, user, email, asker, expires_at } = self;
        let (token, hash) = one_time::generate(entropy)?;
        one_time_tokens::insert(tx, NewToken { purpose, hash: &hash, user, email, asker, expires_at })
            .await?;
        Ok(format!("{}?token={token}", page(purpose)))
    }
}

/// The page that such a link leads to.
const fn page(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Setup => "/setup",
        Purpose::Invitation => "/invitation",
        Purpose::PasswordReset => "/reset",
        Purpose::SignUp => "/register/finish",
        Purpose::EmailChange => "/confirm-email",
        Purpose::EmailRevert => "/restore-email",
        Purpose::SignIn => "/login/link",
    }
}
