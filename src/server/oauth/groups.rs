//! Groups: who may use which client, and the claim "groups". Latchkey's own roles are another thing.

use serde_json::json;

use crate::{
    model::{
        display_name::DisplayName,
        id::{GroupId, UserId},
        oauth::{client_id::ClientId, revocation::RevocationReason},
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        sessions::client_sessions,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            client_sessions::Ending,
            groups::{self, GroupRecord},
            users,
        },
    },
};

pub async fn list(state: &AppState) -> Result<Vec<GroupRecord>, Error> {
    let mut reader = state.store.read().await?;
    Ok(groups::all(&mut reader).await?)
}

pub async fn add(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    name: &str,
) -> Result<(), Error> {
    let name = DisplayName::parse(name).map_err(|problem| Error::invalid("group", problem))?;
    let id = GroupId::parse(&state.entropy.uuid(context.now)?)?;
    let mut change = Change::begin(state, context).await?;
    if !groups::insert(change.tx(), &id, &name, context.now).await? {
        return Err(Error::invalid("group", "There is a group of this name already."));
    }
    record(&mut change, EventKind::GroupAdded, actor, name.as_str(), None).await?;
    Ok(change.commit().await?)
}

/// Removes a group. One that a client is for stays: without it the client would be for everybody.
pub async fn remove(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    name: &str,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    let group = groups::by_name(change.tx(), name).await?.ok_or(Error::NotFound)?;
    let clients = groups::clients_of(change.tx(), &group.id).await?;
    if !clients.is_empty() {
        let clients = clients.join(", ");
        return Err(Error::invalid("group", format!("These clients are for this group: {clients}.")));
    }
    groups::delete(change.tx(), &group.id).await?;
    record(&mut change, EventKind::GroupRemoved, actor, name, None).await?;
    Ok(change.commit().await?)
}

pub async fn add_member(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let (mut change, group) = begin_with_member(state, context, name, user).await?;
    if groups::add_member(change.tx(), &group.id, user).await? {
        record(&mut change, EventKind::GroupMemberAdded, actor, name, Some(user)).await?;
    }
    Ok(change.commit().await?)
}

/// Takes somebody out of a group. The clients that they may no longer use end for them at once.
pub async fn remove_member(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let (mut change, group) = begin_with_member(state, context, name, user).await?;
    if groups::remove_member(change.tx(), &group.id, user).await? {
        for client in groups::clients_of(change.tx(), &group.id).await? {
            let client = ClientId::parse(&client).map_err(|error| Error::Internal(error.to_string()))?;
            if !groups::may_use(change.tx(), &client, user).await? {
                let which = Ending::Between(user, &client);
                client_sessions::end(&mut change, which, RevocationReason::AccessRemoved).await?;
            }
        }
        record(&mut change, EventKind::GroupMemberRemoved, actor, name, Some(user)).await?;
    }
    Ok(change.commit().await?)
}

/// A change of who is in this group. The account is locked first, as everywhere.
async fn begin_with_member<'a>(
    state: &'a AppState,
    context: ActionContext<'a>,
    name: &str,
    user: &UserId,
) -> Result<(Change<'a>, GroupRecord), Error> {
    let mut change = Change::begin(state, context).await?;
    users::lock_by_id(change.tx(), user).await?.ok_or(Error::NotFound)?;
    let group = groups::by_name(change.tx(), name).await?.ok_or(Error::NotFound)?;
    Ok((change, group))
}

async fn record(
    change: &mut Change<'_>,
    kind: EventKind,
    actor: Option<&UserId>,
    group: &str,
    member: Option<&UserId>,
) -> Result<(), Error> {
    let event = Event::new(kind).maybe_by(actor).with(json!({ "group": group }));
    let event = match member {
        Some(user) => event.about(user),
        None => event,
    };
    Ok(change.record(event).await?)
}
