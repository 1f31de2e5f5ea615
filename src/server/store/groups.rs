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
    #[sqlx(try_from = "String")]
    pub id: GroupId,
    pub name: String,
    pub created_at: Timestamp,
    pub members: i64,
}

/// A client that is for a group.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct GroupClientRecord {
    #[sqlx(try_from = "String")]
    pub id: ClientId,
    pub name: String,
}

/// An account that is in a group.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct MemberRecord {
    #[sqlx(try_from = "String")]
    pub id: UserId,
    pub email: String,
    pub display_name: String,
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

/// Whether somebody may use a client: one without groups is for everybody.
macro_rules! usable_by {
    ($client:literal, $user:literal) => {
        concat!(
            "(NOT EXISTS (SELECT 1 FROM oauth_client_groups WHERE client_id = ",
            $client,
            ") OR EXISTS (SELECT 1 FROM oauth_client_groups of_client
                JOIN user_group_members member ON member.group_id = of_client.group_id
                WHERE of_client.client_id = ",
            $client,
            " AND member.user_id = ",
            $user,
            "))"
        )
    };
}
pub(super) use usable_by;

statements! {
    PAGE = groups!("WHERE g.name > $1 ORDER BY g.name LIMIT $2");
    BY_ID = groups!("WHERE g.id = $1");
    BY_NAME = groups!("WHERE g.name = $1");
    INSERT = "INSERT INTO user_groups (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    DELETE = "DELETE FROM user_groups WHERE id = $1";
    ADD_MEMBER = "INSERT INTO user_group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    REMOVE_MEMBER = "DELETE FROM user_group_members WHERE group_id = $1 AND user_id = $2";
    NAMES_OF_USER = "SELECT g.name FROM user_groups g JOIN user_group_members m ON m.group_id = g.id
                     WHERE m.user_id = $1 ORDER BY g.name";
    NAMES_OF_CLIENT = "SELECT g.name FROM user_groups g JOIN oauth_client_groups c ON c.group_id = g.id
                       WHERE c.client_id = $1 ORDER BY g.name";
    CLIENTS_OF_GROUP = "SELECT c.id, c.name FROM oauth_clients c JOIN oauth_client_groups g ON g.client_id = c.id
                        WHERE g.group_id = $1 ORDER BY c.name, c.id";
    MEMBERS = "SELECT u.id, u.email, u.display_name FROM users u JOIN user_group_members m ON m.user_id = u.id
               WHERE m.group_id = $1 AND u.email > $2 ORDER BY u.email LIMIT $3";
    ADD_TO_CLIENT = "INSERT INTO oauth_client_groups (client_id, group_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    CLEAR_CLIENT = "DELETE FROM oauth_client_groups WHERE client_id = $1";
    MAY_USE = concat!("SELECT ", usable_by!("$1", "$2"));
}

/// Groups by name, those after this one.
pub async fn page(db: &mut impl Queryable, after: &str, limit: i64) -> Result<Vec<GroupRecord>, StoreError> {
    Ok(fetch_all!(db, PAGE, after, limit)?)
}

pub async fn by_id(db: &mut impl Queryable, id: &GroupId) -> Result<Option<GroupRecord>, StoreError> {
    Ok(fetch_optional!(db, BY_ID, id.as_str())?)
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
pub async fn delete(tx: &mut Tx, id: &GroupId) -> Result<(), StoreError> {
    let rows = execute!(tx, DELETE, id.as_str())?;
    expect_one_row(rows, "user_groups", id.as_str())
}

/// `false`: somebody who is a member already.
pub async fn add_member(tx: &mut Tx, group: &GroupId, user: &UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, ADD_MEMBER, group.as_str(), user.as_str())? == 1)
}

/// `false`: somebody who was no member.
pub async fn remove_member(tx: &mut Tx, group: &GroupId, user: &UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, REMOVE_MEMBER, group.as_str(), user.as_str())? == 1)
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

/// The clients that are for this group, by name.
pub async fn clients_of(
    db: &mut impl Queryable,
    group: &GroupId,
) -> Result<Vec<GroupClientRecord>, StoreError> {
    Ok(fetch_all!(db, CLIENTS_OF_GROUP, group.as_str())?)
}

/// The members of a group by address, those after this one.
pub async fn members(
    db: &mut impl Queryable,
    group: &GroupId,
    after: &str,
    limit: i64,
) -> Result<Vec<MemberRecord>, StoreError> {
    Ok(fetch_all!(db, MEMBERS, group.as_str(), after, limit)?)
}

/// Makes a client one for these groups, or for everybody.
pub async fn set_of_client(tx: &mut Tx, client: &ClientId, groups: &[GroupRecord]) -> Result<(), StoreError> {
    execute!(tx, CLEAR_CLIENT, client.as_str())?;
    for group in groups {
        execute!(tx, ADD_TO_CLIENT, client.as_str(), group.id.as_str())?;
    }
    Ok(())
}

/// Whether somebody may use a client.
pub async fn may_use(db: &mut impl Queryable, client: &ClientId, user: &UserId) -> Result<bool, StoreError> {
    Ok(fetch_scalar!(db, MAY_USE, client.as_str(), user.as_str())?)
}
