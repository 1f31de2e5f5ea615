//! Issuing an authorization code: for somebody who is signed in, in one transaction.

use std::slice::from_ref;

use serde_json::json;

use super::{Person, proved};
use crate::{
    model::{
        level::Level,
        oauth::{client_id::ClientId, resource::Resources, scope::Scopes},
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        grants::{
            issuing::{self, Authorization, Proved},
            rules::{check, requires_second_factor},
        },
        state::AppState,
        store::{
            audit::{Event, EventKind},
            authorization_requests::{self, RequestRecord},
            client_sessions, clients,
            consents::{self, Consent},
            grants::{self, CodeRecord, GrantRecord},
            sessions, users,
        },
    },
};

/// Issues a code for this request, which is used up by it. `consents`: the person has just allowed it.
pub async fn issue(
    state: &AppState,
    context: ActionContext<'_>,
    record: &RequestRecord,
    is_stored: bool,
    person: &Person,
    consents: bool,
) -> Result<String, Error> {
    let mut change = Change::begin(state, context).await?;
    let (request, proved) = (&record.request, proved(record, person));
    let level = proved.methods.level();
    if requires_second_factor(state.config.second_factor, level) {
        return Err(Error::SecondFactorRequired);
    }
    let (secret, code) = issuing::code(&state.entropy, context.now, request)?;
    let wanted = Wanted {
        client: &record.client_id,
        scopes: &request.scopes,
        resources: &request.resources,
        acr: request.met_by(level).map_err(|_| Error::ReauthenticationRequired)?,
        code: Some(code),
    };
    let grant = mint(&mut change, &wanted, person, consents, proved).await?;
    if is_stored && !authorization_requests::use_up(change.tx(), &record.handle_hash, context.now).await? {
        return Err(Error::NotFound);
    }
    change.commit().await?;
    Ok(state.codes.code(&grant.id, &secret))
}

/// What a client is to get.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub client: &'a ClientId,
    pub scopes: &'a Scopes,
    pub resources: &'a Resources,
    /// The level that it has asked for, and that is met.
    pub acr: Option<Level>,
    /// What it is redeemed with. A device has a code of its own.
    pub code: Option<CodeRecord>,
}

/// Grants a client what it wants of somebody. `consents`: the person has just allowed it.
///
/// Everything is asked again with the rows locked: what was read before may have changed.
pub async fn mint(
    change: &mut Change<'_>,
    wanted: &Wanted<'_>,
    person: &Person,
    consents: bool,
    proved: Proved,
) -> Result<GrantRecord, Error> {
    let now = change.context.now;
    let user = users::lock_by_id(change.tx(), &person.user).await?.ok_or(Error::NoSession)?;
    let session = sessions::lock_by_id(change.tx(), &person.session).await?;
    let session = session
        .filter(|session| session.is_live(now) && session.user_id == user.id)
        .ok_or(Error::NoSession)?;
    let client = clients::by_id(change.tx(), wanted.client).await?.ok_or(Error::NotFound)?;
    if consents {
        remember_consent(change, wanted, person).await?;
    }
    check(change.tx(), &client, &user, wanted.scopes, wanted.resources).await?;
    let authorization = Authorization {
        client: &client,
        scopes: wanted.scopes,
        resources: wanted.resources,
        session: &session,
        proved,
        acr: wanted.acr,
        code: wanted.code.clone(),
        now,
    };
    let live = client_sessions::live(change.tx(), &session.id, &client.id).await?;
    let made = authorization.make(change.entropy(), live.map(|live| live.id))?;
    client_sessions::insert(change.tx(), &made.client_sessions).await?;
    grants::insert(change.tx(), from_ref(&made.grant)).await?;
    change.record(made.event).await?;
    Ok(made.grant)
}

/// What was allowed before stays allowed.
async fn remember_consent(
    change: &mut Change<'_>,
    wanted: &Wanted<'_>,
    person: &Person,
) -> Result<(), Error> {
    let client = wanted.client;
    let now = change.context.now;
    let before = consents::find(change.tx(), &person.user, client).await?;
    let (scopes, resources) = before.map(|before| (before.scopes, before.resources)).unwrap_or_default();
    let consent = Consent {
        scopes: scopes.union(wanted.scopes),
        resources: resources.union(wanted.resources),
        granted_at: now,
    };
    consents::set(change.tx(), &person.user, client, &consent).await?;
    let detail = json!({ "client": client.as_str(), "scope": wanted.scopes.to_string() });
    let event = Event::new(EventKind::ConsentGranted).by(&person.user).about(&person.user);
    change.record(event.of(&person.session).with(detail)).await?;
    Ok(())
}
