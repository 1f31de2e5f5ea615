//! Devices without a browser (RFC 8628): one shows a code, its user types it where they are signed in, and says whether the
//! device may have what it asks for.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::{
    authorize::{
        Person, Wanted, mint,
        request::{resources, scopes},
    },
    consent::in_words,
    error::{OAuthCode, OAuthError},
    parameters::Parameters,
};
use crate::{
    model::{
        error::ApiError,
        oauth::{
            client_kind::ClientKind,
            device_page::{DevicePage, DeviceStep},
            user_code::{ALPHABET, LENGTH, UserCode},
        },
    },
    server::{
        change::Change,
        client_info::ActionContext,
        crypto::entropy::{Entropy, NoEntropy},
        error::Error,
        grants::rules::requires_second_factor,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            clients::{self, Client},
            device_codes::{self, DeviceRecord, DeviceState},
        },
        tokens::one_time,
    },
};

/// How long the person has.
const LIFETIME: Duration = Duration::from_secs(600);
/// How often the device may ask, in seconds; and by how much it is slowed down if it asks too early.
pub const INTERVAL: u32 = 5;
/// The same in milliseconds, as it is stored.
pub const INTERVAL_MILLIS: i64 = 1000 * INTERVAL as i64;

/// What a device is answered with (RFC 8628 §3.2).
#[derive(Serialize)]
pub struct DeviceAnswer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u32,
}

impl std::fmt::Debug for DeviceAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceAnswer")
    }
}

/// A device asks to be connected.
pub async fn begin(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    parameters: &Parameters,
) -> Result<DeviceAnswer, OAuthError> {
    if client.kind != ClientKind::Device {
        return Err(OAuthError::new(
            OAuthCode::UnauthorizedClient,
            "A client of this kind has other grants.",
        ));
    }
    let (scopes, resources) =
        (scopes(parameters, &client.scopes)?, resources(parameters, &client.resources)?);
    // It is a row, and anybody can be a client that keeps no secret.
    state.rate_limiter.check_authorization(context)?;
    let (device_code, device_hash) = one_time::generate(&state.entropy).map_err(Error::from)?;
    let user_code = generate(&state.entropy).map_err(Error::from)?;
    let record = DeviceRecord {
        device_hash,
        user_code_hash: hash(&user_code),
        client: client.id.clone(),
        scopes,
        resources,
        state: DeviceState::Pending,
        session: None,
        grant: None,
        created_at: context.now,
        expires_at: context.now + LIFETIME,
    };
    let mut tx = state.store.begin().await?;
    device_codes::insert(&mut tx, &record, INTERVAL_MILLIS).await?;
    tx.commit().await?;
    let page = format!("{}/device", state.config.tokens.issuer);
    Ok(DeviceAnswer {
        device_code,
        verification_uri_complete: format!("{page}?user_code={user_code}"),
        user_code: user_code.to_string(),
        verification_uri: page,
        expires_in: LIFETIME.as_secs(),
        interval: INTERVAL,
    })
}

/// A new code, each letter as likely as any other.
fn generate(entropy: &Entropy) -> Result<UserCode, NoEntropy> {
    loop {
        // 240 is a multiple of the twenty letters.
        let letters = entropy.bytes::<32>()?.into_iter().filter(|byte| *byte < 240);
        let letters = letters.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        if let Ok(code) = UserCode::parse(&letters.take(LENGTH).collect::<String>()) {
            return Ok(code);
        }
    }
}

fn hash(code: &UserCode) -> Vec<u8> {
    one_time::hash(code.letters())
}

/// Somebody has entered a code. If a device waits for it, it is theirs from now on, and they are asked. Each attempt counts,
/// for the account and for the network: a code is short.
pub async fn enter(
    state: &AppState,
    context: ActionContext<'_>,
    person: &Person,
    typed: &str,
) -> Result<DevicePage, Error> {
    let page = DevicePage::enter(typed);
    if let Err(refused) = state.rate_limiter.check_user_code(context, &person.user) {
        return throttled(page, refused);
    }
    let Ok(code) = UserCode::parse(typed) else { return Ok(unknown(page)) };
    let mut tx = state.store.begin().await?;
    if !device_codes::enter(&mut tx, &hash(&code), &person.session, context.now).await? {
        return Ok(unknown(page));
    }
    tx.commit().await?;
    let Some((record, client)) = find(state, person, &code).await? else { return Ok(unknown(page)) };
    let user = state.loader.user(&person.user).await?.ok_or(Error::NoSession)?;
    Ok(DevicePage {
        step: DeviceStep::Allow,
        user_code: code.to_string(),
        client: client.name.to_string(),
        developer: client.developer.as_ref().map(ToString::to_string),
        wishes: in_words(&record.scopes, &record.resources),
        email: user.email.to_string(),
        ..page
    })
}

/// The person has decided.
pub async fn decide(
    state: &AppState,
    context: ActionContext<'_>,
    person: &Person,
    user_code: &str,
    allows: bool,
) -> Result<DevicePage, Error> {
    let page = DevicePage::enter(user_code);
    let Ok(code) = UserCode::parse(user_code) else { return Ok(unknown(page)) };
    let Some((record, client)) = find(state, person, &code).await? else { return Ok(unknown(page)) };
    let (outcome, step) = if allows {
        (allow(state, context, person, &record).await, DeviceStep::Allowed)
    } else {
        (deny(state, context, person, &record).await, DeviceStep::Cancelled)
    };
    match outcome {
        Ok(()) => Ok(DevicePage { step, client: client.name.to_string(), ..page }),
        Err(Error::NotFound) => Ok(unknown(page)),
        Err(Error::Forbidden) => {
            deny(state, context, person, &record).await?;
            let problem = "You may not use this app. The device was told so.".to_owned();
            Ok(DevicePage { problem: Some(problem), ..page })
        }
        Err(error @ Error::SecondFactorRequired) => {
            Ok(DevicePage { problem: Some(ApiError::from(error).message), ..page })
        }
        Err(error) => throttled(page, error),
    }
}

/// Whoever has entered a code leaves it to another account.
pub async fn release(state: &AppState, person: &Person, code: &UserCode) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    device_codes::release(&mut tx, &hash(code), &person.session).await?;
    Ok(tx.commit().await?)
}

/// The same words whether there is no such code, it has expired, or somebody else has entered it.
fn unknown(page: DevicePage) -> DevicePage {
    let problem = "No device waits for this code. Compare it with the one that the device shows.".to_owned();
    DevicePage { step: DeviceStep::Enter, problem: Some(problem), ..page }
}

/// Says how long to wait, after too many attempts. Any other error stays one.
fn throttled(page: DevicePage, error: Error) -> Result<DevicePage, Error> {
    let Error::TooManyAttempts { seconds } = error else { return Err(error) };
    let problem = Some(ApiError::from(error).message);
    Ok(DevicePage { problem, retry_after: Some(seconds), ..page })
}

/// A device that this session may decide about, with its client.
async fn find(
    state: &AppState,
    person: &Person,
    code: &UserCode,
) -> Result<Option<(DeviceRecord, Client)>, Error> {
    let mut reader = state.store.read().await?;
    let record = device_codes::by_user_code(&mut reader, &hash(code)).await?;
    let Some(record) = record.filter(|record| record.session.as_ref() == Some(&person.session)) else {
        return Ok(None);
    };
    let client = clients::by_id(&mut reader, &record.client).await?.filter(Client::is_enabled);
    Ok(client.map(|client| (record, client)))
}

async fn allow(
    state: &AppState,
    context: ActionContext<'_>,
    person: &Person,
    record: &DeviceRecord,
) -> Result<(), Error> {
    if requires_second_factor(state.config.second_factor, person.proved.methods.level()) {
        return Err(Error::SecondFactorRequired);
    }
    state.rate_limiter.check_code(&person.user)?;
    let mut change = Change::begin(state, context).await?;
    let DeviceRecord { client, scopes, resources, .. } = record;
    let wanted = Wanted { client, scopes, resources, acr: None, code: None };
    let grant = mint(&mut change, &wanted, person, true, person.proved).await?;
    let (device, session) = (&record.device_hash, &person.session);
    if !device_codes::allow(change.tx(), device, session, &grant.id, context.now).await? {
        return Err(Error::NotFound);
    }
    Ok(change.commit().await?)
}

async fn deny(
    state: &AppState,
    context: ActionContext<'_>,
    person: &Person,
    record: &DeviceRecord,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    if !device_codes::deny(change.tx(), &record.device_hash, &person.session, context.now).await? {
        return Err(Error::NotFound);
    }
    let detail = json!({ "client": record.client.as_str(), "scope": record.scopes.to_string() });
    let event = Event::new(EventKind::ConsentDenied).by(&person.user).about(&person.user);
    change.record(event.of(&person.session).with(detail)).await?;
    Ok(change.commit().await?)
}
