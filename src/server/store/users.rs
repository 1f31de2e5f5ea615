//! Accounts.

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Dialects, Found},
    corrupt, execute, expect_one_row, fetch_all, fetch_optional, fetch_scalar, imported_hashes,
    postgres::{self, lock},
    sqlite::{self, json::flag},
    statements,
};
use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        id::UserId,
        profile::Profile,
        role::{Role, Roles},
        session::SessionUser,
    },
    server::clock::Timestamp,
};

/// An account as stored.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: EmailAddress,
    pub display_name: DisplayName,
    /// Nothing until an invitation is accepted.
    pub password_hash: Option<String>,
    pub roles: Roles,
    /// Access tokens of an older epoch are stale: something that they say of this account has changed.
    pub token_epoch: u64,
    /// Counted up by every change of the password, the address or a second factor.
    pub credential_epoch: u64,
    pub disabled_at: Option<Timestamp>,
    /// Since when the address is known to be this person's: they have used a link that was mailed to it, or an administrator
    /// has vouched for it.
    pub email_verified_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl User {
    /// A new account, without a password. Nobody has proved yet that the address is theirs.
    pub fn new(
        id: UserId,
        email: EmailAddress,
        display_name: DisplayName,
        roles: Roles,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            email,
            display_name,
            password_hash: None,
            roles,
            token_epoch: 0,
            credential_epoch: 0,
            disabled_at: None,
            email_verified_at: None,
            created_at,
        }
    }

    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    pub fn profile(&self) -> Profile {
        Profile {
            id: self.id.clone(),
            email: self.email.clone(),
            email_verified: self.email_verified_at.is_some(),
            display_name: self.display_name.clone(),
            roles: self.roles,
            created_at: self.created_at.to_utc(),
        }
    }

    pub fn session_user(&self) -> SessionUser {
        SessionUser { id: self.id.clone(), display_name: self.display_name.clone(), roles: self.roles }
    }
}

#[derive(Clone, FromRow, Deserialize)]
pub(super) struct UserRow {
    id: String,
    email: String,
    display_name: String,
    password_hash: Option<String>,
    #[serde(deserialize_with = "flag")]
    editor: bool,
    #[serde(deserialize_with = "flag")]
    admin: bool,
    token_epoch: i64,
    credential_epoch: i64,
    disabled_at: Option<Timestamp>,
    email_verified_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;
    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let id = row.id;
        let roles = [(Role::Editor, row.editor), (Role::Admin, row.admin)];
        let roles: Vec<_> = roles.into_iter().filter_map(|(role, held)| held.then_some(role)).collect();
        Ok(Self {
            email: EmailAddress::parse(&row.email).map_err(corrupt("users", &id))?,
            display_name: DisplayName::parse(&row.display_name).map_err(corrupt("users", &id))?,
            password_hash: row.password_hash,
            roles: Roles::from(roles),
            token_epoch: u64::try_from(row.token_epoch).map_err(corrupt("users", &id))?,
            credential_epoch: u64::try_from(row.credential_epoch).map_err(corrupt("users", &id))?,
            disabled_at: row.disabled_at,
            email_verified_at: row.email_verified_at,
            created_at: row.created_at,
            id: UserId::parse(&id).map_err(corrupt("users", &id))?,
        })
    }
}

/// An account in a row of something that is its own.
#[derive(Clone, FromRow, Deserialize)]
pub(super) struct JoinedUser {
    email: String,
    display_name: String,
    password_hash: Option<String>,
    #[serde(deserialize_with = "flag")]
    editor: bool,
    #[serde(deserialize_with = "flag")]
    admin: bool,
    token_epoch: i64,
    credential_epoch: i64,
    disabled_at: Option<Timestamp>,
    email_verified_at: Option<Timestamp>,
    #[serde(rename = "created_at")]
    user_created_at: Timestamp,
}

/// The columns of [`JoinedUser`].
macro_rules! joined_user {
    () => {
        "u.email, u.display_name, u.password_hash, u.editor, u.admin, u.token_epoch, u.credential_epoch,
             u.disabled_at, u.email_verified_at, u.created_at AS user_created_at"
    };
}
pub(super) use joined_user;

impl JoinedUser {
    /// The account of this id.
    pub(super) fn of(self, id: String) -> Result<User, StoreError> {
        let row = UserRow {
            id,
            email: self.email,
            display_name: self.display_name,
            password_hash: self.password_hash,
            editor: self.editor,
            admin: self.admin,
            token_epoch: self.token_epoch,
            credential_epoch: self.credential_epoch,
            disabled_at: self.disabled_at,
            email_verified_at: self.email_verified_at,
            created_at: self.user_created_at,
        };
        row.try_into()
    }
}

statements! {
    BY_EMAIL = "SELECT * FROM users WHERE email = $1";
    BY_ID = "SELECT * FROM users WHERE id = $1";
    ANY = "SELECT EXISTS (SELECT 1 FROM users)";
    ANY_ADMIN = "SELECT EXISTS (SELECT 1 FROM users WHERE admin AND disabled_at IS NULL)";
    ANY_OTHER_ADMIN = "SELECT EXISTS (SELECT 1 FROM users
                       WHERE admin AND disabled_at IS NULL AND password_hash IS NOT NULL AND id <> $1
                           AND (NOT EXISTS (SELECT 1 FROM factor_failures f
                                            WHERE f.user_id = users.id AND f.factor = 'totp' AND f.failures >= 100)
                                OR EXISTS (SELECT 1 FROM recovery_codes c WHERE c.user_id = users.id)))";
    INSERT = "INSERT INTO users (id, email, display_name, name_key, password_hash, editor, admin, token_epoch,
                  email_verified_at, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (email) DO NOTHING";
    SET_PASSWORD_HASH = "UPDATE users SET password_hash = $2, credential_epoch = credential_epoch + 1 WHERE id = $1";
    RENEW_PASSWORD_HASH = "UPDATE users SET password_hash = $2 WHERE id = $1";
    RAISE_CREDENTIAL_EPOCH = "UPDATE users SET credential_epoch = credential_epoch + 1 WHERE id = $1";
    SET_SECOND_STEP = "UPDATE users SET second_step = $2 WHERE id = $1";
    SET_ROLES = "UPDATE users SET editor = $2, admin = $3 WHERE id = $1";
    SET_TOKEN_EPOCH = "UPDATE users SET token_epoch = $2 WHERE id = $1";
    SET_DISPLAY_NAME = "UPDATE users SET display_name = $2, name_key = $3 WHERE id = $1";
    SET_EMAIL_VERIFIED = "UPDATE users SET email_verified_at = $2 WHERE id = $1";
    SET_EMAIL = "UPDATE users SET email = $2 WHERE id = $1";
    SET_DISABLED = "UPDATE users SET disabled_at = $2 WHERE id = $1";
    DELETE = "DELETE FROM users WHERE id = $1";
    PAGE = "SELECT * FROM users WHERE email > $1 ORDER BY email LIMIT $2";
    // One lower bound and one upper: given two lower ones, SQLite walks from the one that it is given first.
    PAGE_BY_EMAIL = "SELECT * FROM users WHERE email >= $1 AND email < $2 ORDER BY email LIMIT $3";
    /// Those whose address begins so too are found by it.
    PAGE_BY_NAME = "SELECT * FROM users WHERE (name_key, id) > ($1, $2) AND name_key < $3
                    AND NOT (email >= $4 AND email < $3) ORDER BY name_key, id LIMIT $5";
}

pub async fn by_email(db: &mut impl Queryable, email: &EmailAddress) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = fetch_optional!(db, BY_EMAIL, email.as_str())?;
    row.map(User::try_from).transpose()
}

pub async fn by_id(db: &mut impl Queryable, id: &UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(User::try_from).transpose()
}

/// The account, held for this transaction.
pub async fn lock_by_id(tx: &mut Tx, id: &UserId) -> Result<Option<User>, StoreError> {
    tx.lock_row(lock::USER, id.as_str()).await?;
    by_id(tx, id).await
}

/// The enabled account of an address, held for this transaction: what was found by its address may have another one by
/// then.
pub async fn lock_enabled_by_email(tx: &mut Tx, email: &EmailAddress) -> Result<Option<User>, StoreError> {
    let Some(found) = by_email(tx, email).await? else { return Ok(None) };
    let locked = lock_by_id(tx, &found.id).await?;
    Ok(locked.filter(|user| user.is_enabled() && user.email == *email))
}

/// Whether there is an account at all.
pub async fn any(db: &mut impl Queryable) -> Result<bool, StoreError> {
    Ok(fetch_scalar!(db, ANY)?)
}

/// Whether somebody is an administrator, with the answer held for this transaction.
pub async fn lock_any_admin(tx: &mut Tx) -> Result<bool, StoreError> {
    tx.lock_row(lock::ADVISORY, "administrators").await?;
    Ok(fetch_scalar!(tx, ANY_ADMIN)?)
}

/// Adds an account. `false`: the address is taken.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<bool, StoreError> {
    let epoch = i64::try_from(user.token_epoch).map_err(corrupt("users", user.id.as_str()))?;
    let rows = execute!(
        tx,
        INSERT,
        user.id.as_str(),
        user.email.as_str(),
        user.display_name.as_str(),
        name_key(user.display_name.as_str()),
        &user.password_hash,
        user.roles.contains(Role::Editor),
        user.roles.contains(Role::Admin),
        epoch,
        user.email_verified_at,
        user.created_at
    )?;
    Ok(rows == 1)
}

/// Stores another hash of the same password.
pub async fn renew_password_hash(tx: &mut Tx, id: &UserId, hash: &str) -> Result<(), StoreError> {
    imported_hashes::forget(tx, id).await?;
    let rows = execute!(tx, RENEW_PASSWORD_HASH, id.as_str(), hash)?;
    expect_one_row(rows, "users", id.as_str())
}

/// What the account is signed in to with has changed: whoever is half signed in begins again.
pub async fn raise_credential_epoch(tx: &mut Tx, id: &UserId) -> Result<(), StoreError> {
    let rows = execute!(tx, RAISE_CREDENTIAL_EPOCH, id.as_str())?;
    expect_one_row(rows, "users", id.as_str())
}

/// Stores a new password, which voids every first step that was taken with the old one.
pub async fn set_password_hash(tx: &mut Tx, id: &UserId, hash: &str) -> Result<(), StoreError> {
    imported_hashes::forget(tx, id).await?;
    let rows = execute!(tx, SET_PASSWORD_HASH, id.as_str(), hash)?;
    expect_one_row(rows, "users", id.as_str())
}

/// Stores whether the owner wants a passkey asked for after the password.
pub async fn set_second_step(tx: &mut Tx, id: &UserId, wanted: bool) -> Result<(), StoreError> {
    let rows = execute!(tx, SET_SECOND_STEP, id.as_str(), wanted)?;
    expect_one_row(rows, "users", id.as_str())
}

pub async fn set_roles(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    let (editor, admin) = (user.roles.contains(Role::Editor), user.roles.contains(Role::Admin));
    let rows = execute!(tx, SET_ROLES, user.id.as_str(), editor, admin)?;
    expect_one_row(rows, "users", user.id.as_str())
}

/// Writes the epoch from which the access tokens of an account are current.
pub async fn set_token_epoch(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    let epoch = i64::try_from(user.token_epoch).map_err(corrupt("users", user.id.as_str()))?;
    let rows = execute!(tx, SET_TOKEN_EPOCH, user.id.as_str(), epoch)?;
    expect_one_row(rows, "users", user.id.as_str())
}

pub async fn set_display_name(tx: &mut Tx, id: &UserId, name: &DisplayName) -> Result<(), StoreError> {
    let rows = execute!(tx, SET_DISPLAY_NAME, id.as_str(), name.as_str(), name_key(name.as_str()))?;
    expect_one_row(rows, "users", id.as_str())
}

/// Whether another account than `id` is an administrator that can sign in (one whose authenticator app is switched off
/// needs recovery codes), with the answer held for this transaction.
pub async fn lock_any_other_admin(tx: &mut Tx, id: &UserId) -> Result<bool, StoreError> {
    tx.lock_row(lock::ADVISORY, "administrators").await?;
    Ok(fetch_scalar!(tx, ANY_OTHER_ADMIN, id.as_str())?)
}

/// Disables an account as of a moment, or enables it again.
pub async fn set_disabled(
    tx: &mut Tx,
    id: &UserId,
    disabled_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let rows = execute!(tx, SET_DISABLED, id.as_str(), disabled_at)?;
    expect_one_row(rows, "users", id.as_str())
}

/// Gives an account another address. `false`: it is taken, and the transaction can only be dropped.
pub async fn set_email(tx: &mut Tx, id: &UserId, email: &EmailAddress) -> Result<bool, StoreError> {
    match execute!(tx, SET_EMAIL, id.as_str(), email.as_str()) {
        Ok(rows) => expect_one_row(rows, "users", id.as_str()).map(|()| true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Says since when the address is known to be its owner's, or that it is not known.
pub async fn set_email_verified(
    tx: &mut Tx,
    id: &UserId,
    verified_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let rows = execute!(tx, SET_EMAIL_VERIFIED, id.as_str(), verified_at)?;
    expect_one_row(rows, "users", id.as_str())
}

/// Deletes an account with its sessions and links.
pub async fn delete(tx: &mut Tx, id: &UserId) -> Result<(), StoreError> {
    let rows = execute!(tx, DELETE, id.as_str())?;
    expect_one_row(rows, "users", id.as_str())
}

/// Accounts after the address `after`, in the order of their addresses.
pub async fn page(db: &mut impl Queryable, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
    let rows: Vec<UserRow> = fetch_all!(db, PAGE, after, limit)?;
    rows.into_iter().map(User::try_from).collect()
}

/// Of the accounts whose address begins with `prefix`, those after the address `after`, or all of them.
pub async fn page_by_email(
    db: &mut impl Queryable,
    prefix: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    // No address has a control character, so nothing stands between an address and this.
    let start = after.map_or_else(|| prefix.to_owned(), |after| format!("{after}\u{1}"));
    let end = end_of_prefix(prefix);
    let rows: Vec<UserRow> = fetch_all!(db, PAGE_BY_EMAIL, &start, &end, limit)?;
    rows.into_iter().map(User::try_from).collect()
}

/// Of the accounts whose name begins with `prefix` and whose address does not, those after a name and an id, or all
/// of them.
pub async fn page_by_name(
    db: &mut impl Queryable,
    prefix: &str,
    after: Option<(&str, &str)>,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let (name, id) = after.unwrap_or((prefix, ""));
    let end = end_of_prefix(prefix);
    let rows: Vec<UserRow> = fetch_all!(db, PAGE_BY_NAME, name, id, &end, prefix, limit)?;
    rows.into_iter().map(User::try_from).collect()
}

/// What a name is searched by.
pub fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// A text that is after every text with this beginning: no character is above the last one of Unicode.
fn end_of_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

impl Found for UserRow {
    type Record = User;
    const READ: Dialects = Dialects { sqlite: sqlite::json::USERS, postgres: postgres::USERS };

    fn id(&self) -> &str {
        &self.id
    }
}
