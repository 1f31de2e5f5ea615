//! Accounts.

use sqlx::{query, query_as, query_scalar};

use super::{Queryable, StoreError, Tx, changed_one, corrupt, on_db, postgres::lock, row, statements};
use crate::{
    model::{
        account::Account,
        display_name::DisplayName,
        email::EmailAddress,
        id::UserId,
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
    pub password_hash: String,
    pub roles: Roles,
    /// Access tokens of an older epoch are stale: something that they say of this account has changed.
    pub token_epoch: u64,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl User {
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    pub fn account(&self) -> Account {
        Account {
            id: self.id.clone(),
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            roles: self.roles,
            created_at: self.created_at.to_utc(),
        }
    }

    pub fn session_user(&self) -> SessionUser {
        SessionUser { id: self.id.clone(), display_name: self.display_name.clone(), roles: self.roles }
    }
}

row! {
    struct UserRow {
        id: String,
        email: String,
        display_name: String,
        password_hash: String,
        editor: bool,
        admin: bool,
        token_epoch: i64,
        disabled_at: Option<Timestamp>,
        created_at: Timestamp,
    }
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
            disabled_at: row.disabled_at,
            created_at: row.created_at,
            id: UserId::parse(&id).map_err(corrupt("users", &id))?,
        })
    }
}

statements! {
    BY_EMAIL = "SELECT * FROM users WHERE email = $1";
    BY_ID = "SELECT * FROM users WHERE id = $1";
    ANY = "SELECT EXISTS (SELECT 1 FROM users)";
    ANY_ADMIN = "SELECT EXISTS (SELECT 1 FROM users WHERE admin AND disabled_at IS NULL)";
    INSERT = "INSERT INTO users (id, email, display_name, password_hash, editor, admin, token_epoch, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SET_PASSWORD_HASH = "UPDATE users SET password_hash = $2 WHERE id = $1";
    SET_ROLES = "UPDATE users SET editor = $2, admin = $3, token_epoch = $4 WHERE id = $1";
    SET_DISPLAY_NAME = "UPDATE users SET display_name = $2 WHERE id = $1";
}

pub async fn by_email(db: &mut impl Queryable, email: &EmailAddress) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> =
        on_db!(db, |c| query_as(BY_EMAIL).bind(email.as_str()).fetch_optional(c).await)?;
    row.map(User::try_from).transpose()
}

pub async fn by_id(db: &mut impl Queryable, id: &UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = on_db!(db, |c| query_as(BY_ID).bind(id.as_str()).fetch_optional(c).await)?;
    row.map(User::try_from).transpose()
}

/// The account, held for this transaction.
pub async fn lock_by_id(tx: &mut Tx, id: &UserId) -> Result<Option<User>, StoreError> {
    tx.lock_row(lock::USER, id.as_str()).await?;
    by_id(tx, id).await
}

/// Whether there is an account at all.
pub async fn any(db: &mut impl Queryable) -> Result<bool, StoreError> {
    Ok(on_db!(db, |c| query_scalar(ANY).fetch_one(c).await)?)
}

/// Whether somebody is an administrator, with the answer held for this transaction.
pub async fn lock_any_admin(tx: &mut Tx) -> Result<bool, StoreError> {
    tx.lock_row(lock::ADVISORY, "administrators").await?;
    Ok(on_db!(tx, |c| query_scalar(ANY_ADMIN).fetch_one(c).await)?)
}

/// Adds an account. `false`: the address is taken, and the transaction can only be dropped.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<bool, StoreError> {
    let epoch = i64::try_from(user.token_epoch).map_err(corrupt("users", user.id.as_str()))?;
    let inserted = on_db!(tx, |c| {
        query(INSERT)
            .bind(user.id.as_str())
            .bind(user.email.as_str())
            .bind(user.display_name.as_str())
            .bind(&user.password_hash)
            .bind(user.roles.contains(Role::Editor))
            .bind(user.roles.contains(Role::Admin))
            .bind(epoch)
            .bind(user.created_at)
            .execute(c)
            .await
            .map(drop)
    });
    match inserted {
        Ok(()) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub async fn set_password_hash(tx: &mut Tx, id: &UserId, hash: &str) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| query(SET_PASSWORD_HASH)
        .bind(id.as_str())
        .bind(hash)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    changed_one(rows, "users", id.as_str())
}

/// Writes the roles of an account and the epoch from which its access tokens tell them.
pub async fn set_roles(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    let epoch = i64::try_from(user.token_epoch).map_err(corrupt("users", user.id.as_str()))?;
    let (editor, admin) = (user.roles.contains(Role::Editor), user.roles.contains(Role::Admin));
    let rows = on_db!(tx, |c| {
        query(SET_ROLES)
            .bind(user.id.as_str())
            .bind(editor)
            .bind(admin)
            .bind(epoch)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    changed_one(rows, "users", user.id.as_str())
}

pub async fn set_display_name(tx: &mut Tx, id: &UserId, name: &DisplayName) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| {
        query(SET_DISPLAY_NAME)
            .bind(id.as_str())
            .bind(name.as_str())
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    changed_one(rows, "users", id.as_str())
}

#[cfg(test)]
pub async fn disable_for_test(store: &super::Store, id: &UserId, now: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    on_db!(&mut tx, |c| query("UPDATE users SET disabled_at = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(now)
        .execute(c)
        .await
        .map(drop))
    .unwrap();
    tx.commit().await.unwrap();
}

#[cfg(test)]
pub async fn delete_for_test(store: &super::Store, id: &UserId) {
    let mut tx = store.begin().await.unwrap();
    on_db!(&mut tx, |c| query("DELETE FROM users WHERE id = $1")
        .bind(id.as_str())
        .execute(c)
        .await
        .map(drop))
    .unwrap();
    tx.commit().await.unwrap();
}
