//! Links that work once.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{
    model::{email::EmailAddress, id::UserId, local_path::LocalPath},
    server::clock::Timestamp,
};

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Making the first administrator.
    Setup,
    /// Choosing a password for an account that an administrator has made.
    Invitation,
    /// Choosing a new password for an account whose owner has forgotten the old one.
    PasswordReset,
    /// Making an account for the address that it was mailed to.
    SignUp,
    /// Giving an account the address that it was mailed to.
    EmailChange,
    /// Giving an account back the address that it was mailed to.
    EmailRevert,
    /// Signing in to an account with that address.
    SignIn,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
            Self::SignUp => "sign_up",
            Self::EmailChange => "email_change",
            Self::EmailRevert => "email_revert",
            Self::SignIn => "sign_in",
        }
    }
}

/// A link that has not been used.
#[derive(FromRow)]
pub struct OneTimeToken {
    user_id: Option<String>,
    email: Option<String>,
    browser_hash: Option<Vec<u8>>,
    next: Option<String>,
    expires_at: Timestamp,
}

/// The browser that a link works in.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Of the cookie that the browser is known by.
    pub browser_hash: &'a [u8],
    /// Where it goes then.
    pub next: &'a LocalPath,
}

impl OneTimeToken {
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whom it is for, where it is for somebody.
    pub fn user_id(&self) -> Result<Option<UserId>, StoreError> {
        self.user_id
            .as_deref()
            .map(|id| UserId::parse(id).map_err(corrupt("one_time_tokens", id)))
            .transpose()
    }

    /// The address that it was mailed to; nothing if it was handed over in another way.
    pub fn email(&self) -> Result<Option<EmailAddress>, StoreError> {
        let parse = |email: &str| EmailAddress::parse(email).map_err(corrupt("one_time_tokens", email));
        self.email.as_deref().map(parse).transpose()
    }

    /// Whether it works in a browser that is known by this cookie.
    pub fn is_of_browser(&self, browser_hash: &[u8]) -> bool {
        let bound = self.browser_hash.as_deref();
        bound.is_some_and(|bound| verify_slices_are_equal(bound, browser_hash).is_ok())
    }

    /// Where it leads, as it was when it was asked for.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// A link that is stored now.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    pub purpose: Purpose,
    pub hash: &'a [u8],
    pub user: Option<&'a UserId>,
    /// The address that it is mailed to.
    pub email: Option<&'a EmailAddress>,
    /// Nobody: it works in any browser.
    pub asker: Option<Asker<'a>>,
    pub expires_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO one_time_tokens (token_hash, purpose, user_id, email, browser_hash, next, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND = "SELECT user_id, email, browser_hash, next, expires_at FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2";
    PENDING = "SELECT email, expires_at FROM one_time_tokens
               WHERE purpose = $1 AND user_id = $2 AND email IS NOT NULL AND expires_at > $3";
    DELETE_ALL = "DELETE FROM one_time_tokens WHERE purpose = $1";
    DELETE_EVERY = "DELETE FROM one_time_tokens";
    DELETE_OF_USER = "DELETE FROM one_time_tokens WHERE purpose = $1 AND user_id = $2";
    DELETE_OF_USER_EXCEPT = "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose <> $2";
    DELETE_OF_ASKER = "DELETE FROM one_time_tokens WHERE purpose = $1 AND user_id = $2 AND browser_hash = $3";
    DELETE_FOR_ADDRESS = "DELETE FROM one_time_tokens WHERE purpose = $1 AND email = $2";
    TAKE = "DELETE FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3";
    DELETE_EXPIRED = "DELETE FROM one_time_tokens
                      WHERE token_hash IN (SELECT token_hash FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn insert(tx: &mut Tx, new: NewToken<'_>) -> Result<(), StoreError> {
    let (user_id, email) = (new.user.map(UserId::as_str), new.email.map(EmailAddress::as_str));
    let (browser, next) = new.asker.map(|asker| (asker.browser_hash, asker.next.as_str())).unzip();
    execute!(tx, INSERT, new.hash, new.purpose.as_str(), user_id, email, browser, next, new.expires_at)?;
    Ok(())
}

pub async fn find(
    db: &mut impl Queryable,
    purpose: Purpose,
    token_hash: &[u8],
) -> Result<Option<OneTimeToken>, StoreError> {
    Ok(fetch_optional!(db, FIND, token_hash, purpose.as_str())?)
}

/// The address that a link of that purpose was mailed to which somebody has not used yet, and how long it works.
pub async fn pending(
    db: &mut impl Queryable,
    purpose: Purpose,
    user_id: &UserId,
    now: Timestamp,
) -> Result<Option<(EmailAddress, Timestamp)>, StoreError> {
    let found: Option<(String, Timestamp)> =
        fetch_optional!(db, PENDING, purpose.as_str(), user_id.as_str(), now)?;
    let parse = |(email, expires_at): (String, Timestamp)| {
        let email = EmailAddress::parse(&email).map_err(corrupt("one_time_tokens", &email))?;
        Ok((email, expires_at))
    };
    found.map(parse).transpose()
}

pub async fn delete_all(tx: &mut Tx, purpose: Purpose) -> Result<(), StoreError> {
    execute!(tx, DELETE_ALL, purpose.as_str())?;
    Ok(())
}

/// Takes back every link, whatever it is good for.
pub async fn delete_every(tx: &mut Tx) -> Result<(), StoreError> {
    execute!(tx, DELETE_EVERY)?;
    Ok(())
}

/// Uses up, or takes back, the links of that purpose that somebody has.
pub async fn delete_of_user(tx: &mut Tx, purpose: Purpose, user_id: &UserId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_USER, purpose.as_str(), user_id.as_str())?;
    Ok(())
}

/// Takes back the links to an account that one browser has asked for.
pub async fn delete_of_asker(
    tx: &mut Tx,
    purpose: Purpose,
    user_id: &UserId,
    asker: Asker<'_>,
) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_ASKER, purpose.as_str(), user_id.as_str(), asker.browser_hash)?;
    Ok(())
}

/// Takes back all links that somebody has but those of one purpose.
pub async fn delete_of_user_except(tx: &mut Tx, user_id: &UserId, kept: Purpose) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_USER_EXCEPT, user_id.as_str(), kept.as_str())?;
    Ok(())
}

/// Takes back the links of that purpose that were mailed to an address.
pub async fn delete_for_address(
    tx: &mut Tx,
    purpose: Purpose,
    email: &EmailAddress,
) -> Result<(), StoreError> {
    execute!(tx, DELETE_FOR_ADDRESS, purpose.as_str(), email.as_str())?;
    Ok(())
}

/// Uses up a link, unless it was used or has expired. Of several who do this at once, one succeeds.
pub async fn take(
    tx: &mut Tx,
    purpose: Purpose,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, TAKE, token_hash, purpose.as_str(), now)? == 1)
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
