//! One's own passkeys. Every statement names the account: an id alone opens nothing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;

use super::{
    factors::{changed, lock},
    last_way_in,
    passkey_after_password::forget_without_factor,
    use_passkey::Sent,
};
use crate::{
    model::{
        display_name::DisplayName,
        id::PasskeyId,
        passkey::{Passkey, Passkeys},
        webauthn::{AcceptedCredentials, UserDetails},
    },
    server::{
        authentication::ceremony::{Ceremony, Purpose},
        change::{self, Change},
        client_info::{ActionContext, device::device_name},
        clock::Timestamp,
        error::{Error, passkey::PasskeyError},
        mail::notice::Notice,
        principal::Principal,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            passkeys::{self, PasskeyRecord},
            user_handles,
            users::{self, User},
        },
        webauthn::registration::{NewCredential, register},
    },
};

/// How many an account may have.
const MAX: i64 = 20;

/// Those that work at this host.
pub async fn list(state: &AppState, principal: &Principal) -> Result<Passkeys, Error> {
    let mut reader = state.store.read().await?;
    let user = users::by_id(&mut reader, &principal.user).await?.ok_or(Error::NotFound)?;
    let rp_id = state.relying_party.id();
    let passkeys = passkeys::of_user(&mut reader, &user.id, rp_id).await?;
    let handle = user_handles::of_user(&mut reader, &user.id).await?.map(|handle| BASE64.encode(handle));
    let ids = || passkeys.iter().map(|passkey| BASE64.encode(&passkey.credential_id)).collect();
    let accepted = |user_id: &String| AcceptedCredentials {
        rp_id: rp_id.to_owned(),
        user_id: user_id.clone(),
        all_accepted_credential_ids: ids(),
    };
    let details = |user_id: &String| UserDetails {
        rp_id: rp_id.to_owned(),
        user_id: user_id.clone(),
        name: user.email.to_string(),
        display_name: user.display_name.to_string(),
    };
    Ok(Passkeys {
        accepted: handle.as_ref().map(accepted),
        details: handle.as_ref().map(details),
        items: passkeys.into_iter().map(shown).collect(),
    })
}

/// Adds the passkey that the browser has made. It gets the name of the browser.
pub async fn add(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    sent: Sent<'_>,
) -> Result<Passkey, Error> {
    let purpose = Purpose::Registration(principal.session.clone());
    let ceremony = Ceremony::open(state, context.now, sent.state, &purpose)?;
    let new = match register(sent.credential, ceremony.expected(state)) {
        Ok(new) => new,
        Err(reason) => return Err(refuse(state, context, principal, &reason.to_string()).await?),
    };
    let mut change = Change::begin(state, context).await?;
    let mut user = lock(&mut change, principal).await?;
    let handle = ceremony.user_handle().ok_or(PasskeyError::CeremonyClosed)?;
    let is_first_use = ceremony.use_up(change.tx()).await?;
    if !is_first_use || !user_handles::set(change.tx(), &user.id, &handle).await? {
        return Err(PasskeyError::CeremonyClosed.into());
    }
    if passkeys::count(change.tx(), &user.id, state.relying_party.id()).await? >= MAX {
        return Err(PasskeyError::TooMany(MAX).into());
    }
    let passkey = record_of(state, context, &user, &new)?;
    if !passkeys::insert(change.tx(), &passkey).await? {
        return Err(PasskeyError::Exists.into());
    }
    changed(&mut change, principal, &mut user, (EventKind::PasskeyAdded, Notice::PasskeyAdded)).await?;
    change.commit().await?;
    Ok(shown(passkey))
}

/// Gives one another name.
pub async fn rename(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    id: &PasskeyId,
    name: &DisplayName,
) -> Result<(), Error> {
    state.rate_limiter.check_change(&principal.user)?;
    let mut change = Change::begin(state, context).await?;
    if !passkeys::rename(change.tx(), &principal.user, id, name).await? {
        return Err(Error::NotFound);
    }
    let event = Event::new(EventKind::PasskeyRenamed).by(&principal.user).about(&principal.user);
    change.record(event.with(json!({ "passkey": id.as_str() }))).await?;
    Ok(change.commit().await?)
}

/// Removes one, unless nothing would be left to sign in with.
pub async fn remove(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    id: &PasskeyId,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    let mut user = lock(&mut change, principal).await?;
    if !passkeys::delete(change.tx(), &user.id, id).await? {
        return Err(Error::NotFound);
    }
    last_way_in::require_one(state, &mut change, &user).await?;
    forget_without_factor(&mut change, &user).await?;
    changed(&mut change, principal, &mut user, (EventKind::PasskeyRemoved, Notice::PasskeyRemoved)).await?;
    Ok(change.commit().await?)
}

async fn refuse(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    reason: &str,
) -> Result<Error, Error> {
    let detail = json!({ "why": "passkey_refused", "reason": reason });
    let event = Event::new(EventKind::PasskeyRefused).by(&principal.user).about(&principal.user);
    change::record(&state.store, context, event.of(&principal.session).with(detail)).await?;
    Ok(PasskeyError::Refused.into())
}

fn record_of(
    state: &AppState,
    context: ActionContext<'_>,
    user: &User,
    new: &NewCredential,
) -> Result<PasskeyRecord, Error> {
    Ok(PasskeyRecord {
        id: PasskeyId::parse(&state.entropy.uuid(context.now)?)?,
        user_id: user.id.clone(),
        credential_id: new.id().to_vec(),
        public_key: new.public_key().to_vec(),
        sign_count: new.sign_count(),
        backup_eligible: new.backup_eligible(),
        backed_up: new.backed_up(),
        transports: new.transports().to_vec(),
        aaguid: new.aaguid(),
        rp_id: state.relying_party.id().to_owned(),
        name: DisplayName::parse(&device_name(&context.client.user_agent))?,
        created_at: context.now,
        last_used_at: None,
    })
}

fn shown(passkey: PasskeyRecord) -> Passkey {
    Passkey {
        id: passkey.id,
        name: passkey.name,
        synced: passkey.backed_up,
        created_at: passkey.created_at.to_utc(),
        last_used_at: passkey.last_used_at.map(Timestamp::to_utc),
    }
}
