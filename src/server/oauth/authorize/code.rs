//! Issuing an authorization code: for somebody who is signed in, in one transaction.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;

use super::{Person, Proved, proved, requires_second_factor};
use crate::{
    model::{
        id::{ClientSessionId, GrantId},
        level::Level,
        oauth::{
            client_id::ClientId,
            resource::Resources,
            scope::{OFFLINE_ACCESS, Scopes},
        },
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        oauth::grants::{self as rules, RefreshRules},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            authorization_requests::{self, RequestRecord},
            client_sessions::{self, ClientSession},
            clients::{self, Client},
            codes::{self, CodeRecord},
            consents::{self, Consent},
            grants::{self, GrantRecord},
            sessions::{self, SessionRecord},
            users,
        },
        tokens::{one_time, refresh::token::RefreshKeys},
    },
};

/// How long a code is good for.
const LIFETIME: Duration = Duration::from_secs(60);

/// Issues a code for this request, which is used up by it. `consents`: the person has just allowed it.
pub async fn issue(
    state: &AppState,
    context: ActionContext<'_>,
    record: &RequestRecord,
    is_stored: bool,
    person: &Person,
    consents: bool,
) -> Result<String, Error> {
    state.rate_limiter.check_code(&person.user)?;
    let mut change = Change::begin(state, context).await?;
    let (request, proved) = (&record.request, proved(record, person));
    let level = proved.methods.level();
    if requires_second_factor(state, level) {
        return Err(Error::SecondFactorRequired);
    }
    let wanted = Wanted {
        client: &record.client_id,
        scopes: &request.scopes,
        resources: &request.resources,
        acr: request.met_by(level).map_err(|_| Error::ReauthenticationRequired)?,
    };
    let (client, grant) = mint(&mut change, &wanted, person, consents, proved).await?;
    if is_stored && !authorization_requests::use_up(change.tx(), &record.handle_hash, context.now).await? {
        return Err(Error::NotFound);
    }
    let (code, code_hash) = one_time::generate(&state.entropy)?;
    let challenge = BASE64.decode(&request.challenge);
    let challenge = challenge.map_err(|error| Error::Internal(format!("a stored challenge: {error}")))?;
    let code_record = CodeRecord {
        code_hash,
        grant: grant.id.clone(),
        client: client.id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge,
        nonce: request.nonce.clone(),
        expires_at: context.now + LIFETIME,
        redeemed_at: None,
    };
    codes::insert(change.tx(), &code_record).await?;
    change.commit().await?;
    Ok(code)
}

/// What a client is to get.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub client: &'a ClientId,
    pub scopes: &'a Scopes,
    pub resources: &'a Resources,
    /// The level that it has asked for, and that is met.
    pub acr: Option<Level>,
}

/// Makes a grant: the one function that does, for codes and for devices. `consents`: the person has just allowed it.
///
/// Everything is asked again with the rows locked: what was read before may have changed.
pub async fn mint(
    change: &mut Change<'_>,
    wanted: &Wanted<'_>,
    person: &Person,
    consents: bool,
    proved: Proved,
) -> Result<(Client, GrantRecord), Error> {
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
    rules::check(change.tx(), &client, &user, wanted.scopes, wanted.resources).await?;
    let grant = begin_grant(change, wanted, &client, &session, proved).await?;
    let detail = json!({ "client": client.id.as_str(), "scope": wanted.scopes.to_string() });
    let event = Event::new(EventKind::ClientAuthorized).by(&user.id).about(&user.id).of(&session.id);
    change.record(event.with(detail)).await?;
    Ok((client, grant))
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

/// A grant that hangs on the session, or on none if it is to outlive it.
async fn begin_grant(
    change: &mut Change<'_>,
    wanted: &Wanted<'_>,
    client: &Client,
    session: &SessionRecord,
    proved: Proved,
) -> Result<GrantRecord, Error> {
    let now = change.context.now;
    let lifetimes = RefreshRules::of(client);
    let sign_in = match client_sessions::live(change.tx(), &session.id, &client.id).await? {
        Some(live) => live.id,
        None => begin_client_session(change, &client.id, session, false).await?,
    };
    let is_offline = wanted.scopes.contains(OFFLINE_ACCESS);
    let (client_session, latest) = if is_offline {
        (begin_client_session(change, &client.id, session, true).await?, now + lifetimes.absolute_ttl)
    } else {
        (sign_in.clone(), (now + lifetimes.absolute_ttl).min(session.absolute_expires_at))
    };
    let grant = GrantRecord {
        id: GrantId::parse(&change.entropy().uuid(now)?)?,
        client_session,
        sign_in,
        client: client.id.clone(),
        user: session.user_id.clone(),
        scopes: wanted.scopes.clone(),
        resources: wanted.resources.clone(),
        auth_time: proved.at,
        methods: proved.methods,
        acr: wanted.acr,
        salt: change.entropy().bytes::<{ RefreshKeys::SALT_LENGTH }>()?.to_vec(),
        generation: 0,
        confirmed: false,
        rotated_at: now,
        created_at: now,
        last_used_at: now,
        idle_expires_at: (now + lifetimes.idle_ttl).min(latest),
        absolute_expires_at: latest,
        token_expires_at: now,
        revoked: None,
    };
    grants::insert(change.tx(), &grant).await?;
    Ok(grant)
}

async fn begin_client_session(
    change: &mut Change<'_>,
    client: &ClientId,
    session: &SessionRecord,
    is_offline: bool,
) -> Result<ClientSessionId, Error> {
    let now = change.context.now;
    let begun = ClientSession {
        id: ClientSessionId::parse(&change.entropy().uuid(now)?)?,
        session: (!is_offline).then(|| session.id.clone()),
        user: session.user_id.clone(),
        client: client.clone(),
        created_at: now,
        token_expires_at: now,
        revoked: false,
    };
    client_sessions::insert(change.tx(), &begun).await?;
    Ok(begun.id)
}
