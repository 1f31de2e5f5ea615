//! Groups of accounts, their members, and the clients that are for certain groups alone.

use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, execute, expect_one_row, fetch_all, fetch_optional, fetch_scalar, statements,
};
use crate::{
    model::{
        display_name::DisplayName,
        id::{GroupId, UserId},
        oauth::client_id::ClientId,
    },
    server::clock::Timestamp,
};

/// A group as stored, with how many members it has.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct GroupRecord {
    pub id: String,
    pub name: String,
    pub created_at: Timestamp,
    pub members: i64,
}

macro_rules! groups {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.name, g.created_at,
                 (SELECT count(*) FROM user_group_members m WHERE m.group_id = g.id) AS members
             FROM user_groups g ",
            $rest
        )
    };
}

statements! {
    ALL = groups!("ORDER BY g.name");
    BY_NAME = groups!("WHERE g.name = $1");
    INSERT = "INSERT INTO user_groups (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    DELETE = "DELETE FROM user_groups WHERE id = $1";
    ADD_MEMBER = "INSERT INTO user_group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    REMOVE_MEMBER = "DELETE FROM user_group_members WHERE group_id = $1 AND user_id = $2";
    NAMES_OF_USER = "SELECT g.name FROM user_groups g JOIN user_group_members m ON m.group_id = g.id
                     WHERE m.user_id = $1 ORDER BY g.name";
    NAMES_OF_CLIENT = "SELECT g.name FROM user_groups g JOIN oauth_client_groups c ON c.group_id = g.id
                       WHERE c.client_id = $1 ORDER BY g.name";
    CLIENTS_OF_GROUP = "SELECT client_id FROM oauth_client_groups WHERE group_id = $1 ORDER BY client_id";
    ADD_TO_CLIENT = "INSERT INTO oauth_client_groups (client_id, group_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    CLEAR_CLIENT = "DELETE FROM oauth_client_groups WHERE client_id = $1";
    /// A client without groups is for everybody.
    MAY_USE = "SELECT NOT EXISTS (SELECT 1 FROM oauth_client_groups WHERE client_id = $1)
               OR EXISTS (SELECT 1 FROM oauth_client_groups c JOIN user_group_members m ON m.group_id = c.group_id
                          WHERE c.client_id = $1 AND m.user_id = $2)";
}

pub async fn all(db: &mut impl Queryable) -> Result<Vec<GroupRecord>, StoreError> {
    Ok(fetch_all!(db, ALL)?)
}

pub async fn by_name(db: &mut impl Queryable, name: &str) -> Result<Option<GroupRecord>, StoreError> {
    Ok(fetch_optional!(db, BY_NAME, name)?)
}

/// `false`: there is one of that name.
pub async fn insert(
    tx: &mut Tx,
    id: &GroupId,
    name: &DisplayName,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, INSERT, id.as_str(), name.as_str(), now)? == 1)
}

/// Deletes a group with its memberships. No client may be for it alone.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    let rows = execute!(tx, DELETE, id)?;
    expect_one_row(rows, "user_groups", id)
}

/// `false`: somebody who is a member already.
pub async fn add_member(tx: &mut Tx, group: &str, user: &UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, ADD_MEMBER, group, user.as_str())? == 1)
}

/// `false`: somebody who was no member.
pub async fn remove_member(tx: &mut Tx, group: &str, user: &UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, REMOVE_MEMBER, group, user.as_str())? == 1)
}

/// The names of the groups that somebody is in.
pub async fn names_of_user(db: &mut impl Queryable, user: &UserId) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(db, NAMES_OF_USER, user.as_str())?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// The names of the groups that a client is for. None: it is for everybody.
pub async fn names_of_client(db: &mut impl Queryable, client: &ClientId) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(db, NAMES_OF_CLIENT, client.as_str())?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// The clients that are for this group.
pub async fn clients_of(db: &mut impl Queryable, group: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(db, CLIENTS_OF_GROUP, group)?;
    Ok(rows.into_iter().map(|(client,)| client).collect())
}

/// Makes a client one for these groups, or for everybody.
pub async fn set_of_client(tx: &mut Tx, client: &ClientId, groups: &[GroupRecord]) -> Result<(), StoreError> {
    execute!(tx, CLEAR_CLIENT, client.as_str())?;
    for group in groups {
        execute!(tx, ADD_TO_CLIENT, client.as_str(), &group.id)?;
    }
    Ok(())
}

/// Whether somebody may use a client.
pub async fn may_use(db: &mut impl Queryable, client: &ClientId, user: &UserId) -> Result<bool, StoreError> {
    Ok(fetch_scalar!(db, MAY_USE, client.as_str(), user.as_str())?)
}
