//! Groups: who may use which client, and the claim "groups". Latchkey's own roles are another thing.

use serde_json::json;

use crate::{
    model::{
        display_name::DisplayName,
        group::{GroupClient, GroupDetails, GroupMember, GroupSummary},
        id::{GroupId, UserId},
        oauth::revocation::RevocationReason,
        page::Page,
    },
    server::{
        change::Change,
        client_info::ActionContext,
        cursor::{limit, one_more, page_of},
        error::Error,
        sessions::client_sessions,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            client_sessions::Ending,
            groups::{self, GroupClientRecord, GroupRecord, MemberRecord},
            users::{self, User},
        },
    },
};

/// Groups by name.
pub async fn list(
    state: &AppState,
    cursor: Option<&str>,
    asked: Option<&str>,
) -> Result<Page<GroupSummary>, Error> {
    const LIST: &str = "groups";
    let limit = limit(asked)?;
    let after = state.cursors.read(LIST, cursor)?.unwrap_or_default();
    let mut reader = state.store.read().await?;
    let found = groups::page(&mut reader, &after, one_more(limit)).await?;
    let (found, next_cursor) = page_of(found, limit, |group| state.cursors.write(LIST, &group.name));
    Ok(Page { items: found.into_iter().map(GroupSummary::from).collect(), next_cursor })
}

/// One group, and the clients that are for it.
pub async fn get(state: &AppState, id: &GroupId) -> Result<GroupDetails, Error> {
    let mut reader = state.store.read().await?;
    let group = groups::by_id(&mut reader, id).await?.ok_or(Error::NotFound)?;
    let clients = groups::clients_of(&mut reader, id).await?;
    Ok(GroupDetails { group: group.into(), clients: clients.into_iter().map(GroupClient::from).collect() })
}

/// The group of that name.
pub async fn find(state: &AppState, name: &str) -> Result<GroupId, Error> {
    let mut reader = state.store.read().await?;
    Ok(groups::by_name(&mut reader, name).await?.ok_or(Error::NotFound)?.id)
}

/// Who is in a group, by address.
pub async fn members(
    state: &AppState,
    id: &GroupId,
    cursor: Option<&str>,
    asked: Option<&str>,
) -> Result<Page<GroupMember>, Error> {
    let list = format!("members {id}");
    let limit = limit(asked)?;
    let after = state.cursors.read(&list, cursor)?.unwrap_or_default();
    let mut reader = state.store.read().await?;
    groups::by_id(&mut reader, id).await?.ok_or(Error::NotFound)?;
    let found = groups::members(&mut reader, id, &after, one_more(limit)).await?;
    let (found, next_cursor) = page_of(found, limit, |member| state.cursors.write(&list, &member.email));
    Ok(Page { items: found.into_iter().map(GroupMember::from).collect(), next_cursor })
}

pub async fn add(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    name: &str,
) -> Result<GroupSummary, Error> {
    let name = DisplayName::parse(name).map_err(|problem| Error::invalid("group", problem))?;
    let id = GroupId::parse(&state.entropy.uuid(context.now)?)?;
    let mut change = Change::begin(state, context).await?;
    if !groups::insert(change.tx(), &id, &name, context.now).await? {
        return Err(Error::invalid("group", "There is a group of this name already."));
    }
    let group = GroupRecord { id, name: name.to_string(), created_at: context.now, members: 0 };
    record(&mut change, EventKind::GroupAdded, actor, &group, None).await?;
    change.commit().await?;
    Ok(group.into())
}

/// Removes a group. One that a client is for stays: without it the client would be for everybody.
pub async fn remove(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &GroupId,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    let group = groups::by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    let clients = groups::clients_of(change.tx(), id).await?;
    if !clients.is_empty() {
        let clients: Vec<_> = clients.into_iter().map(|client| client.name).collect();
        let clients = clients.join(", ");
        return Err(Error::invalid("group", format!("These clients are for this group: {clients}.")));
    }
    groups::delete(change.tx(), id).await?;
    record(&mut change, EventKind::GroupRemoved, actor, &group, None).await?;
    Ok(change.commit().await?)
}

pub async fn add_member(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &GroupId,
    user: &UserId,
) -> Result<GroupMember, Error> {
    let (mut change, group, user) = begin_with_member(state, context, id, user).await?;
    put_in(&mut change, actor, &group, &user.id).await?;
    change.commit().await?;
    let User { id: user_id, email, display_name, .. } = user;
    Ok(GroupMember { user_id, email: email.to_string(), display_name: display_name.to_string() })
}

/// Takes somebody out of a group. The clients that they may no longer use end for them at once.
pub async fn remove_member(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &GroupId,
    user: &UserId,
) -> Result<(), Error> {
    let (mut change, group, _) = begin_with_member(state, context, id, user).await?;
    take_out(&mut change, actor, &group, user).await?;
    Ok(change.commit().await?)
}

/// Puts somebody into a group whose account is held by `change`.
pub async fn put_in(
    change: &mut Change<'_>,
    actor: Option<&UserId>,
    group: &GroupRecord,
    user: &UserId,
) -> Result<(), Error> {
    if groups::add_member(change.tx(), &group.id, user).await? {
        record(change, EventKind::GroupMemberAdded, actor, group, Some(user)).await?;
    }
    Ok(())
}

/// Takes somebody out of a group whose account is held by `change`.
pub async fn take_out(
    change: &mut Change<'_>,
    actor: Option<&UserId>,
    group: &GroupRecord,
    user: &UserId,
) -> Result<(), Error> {
    if !groups::remove_member(change.tx(), &group.id, user).await? {
        return Ok(());
    }
    for client in groups::clients_of(change.tx(), &group.id).await? {
        if !groups::may_use(change.tx(), &client.id, user).await? {
            let which = Ending::Between(user, &client.id);
            client_sessions::end(change, which, RevocationReason::AccessRemoved).await?;
        }
    }
    record(change, EventKind::GroupMemberRemoved, actor, group, Some(user)).await
}

/// A change of who is in this group. The account is locked first, as everywhere.
async fn begin_with_member<'a>(
    state: &'a AppState,
    context: ActionContext<'a>,
    id: &GroupId,
    user: &UserId,
) -> Result<(Change<'a>, GroupRecord, User), Error> {
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), user).await?.ok_or(Error::NotFound)?;
    let group = groups::by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    Ok((change, group, user))
}

async fn record(
    change: &mut Change<'_>,
    kind: EventKind,
    actor: Option<&UserId>,
    group: &GroupRecord,
    member: Option<&UserId>,
) -> Result<(), Error> {
    let event = Event::new(kind).maybe_by(actor).with(json!({ "group": group.name }));
    let event = match member {
        Some(user) => event.about(user),
        None => event,
    };
    Ok(change.record(event).await?)
}

impl From<GroupRecord> for GroupSummary {
    fn from(record: GroupRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            members: u64::try_from(record.members).unwrap_or_default(),
            created_at: record.created_at.to_utc(),
        }
    }
}

impl From<GroupClientRecord> for GroupClient {
    fn from(record: GroupClientRecord) -> Self {
        Self { client_id: record.id.to_string(), name: record.name }
    }
}

impl From<MemberRecord> for GroupMember {
    fn from(record: MemberRecord) -> Self {
        Self { user_id: record.id, email: record.email, display_name: record.display_name }
    }
}
