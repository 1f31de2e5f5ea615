//! Mails that somebody asks for who is not signed in. The answer must not tell whether there is an account: what was asked
//! for is written down, and only the task that sends mails looks who it is for ([`super::requested_mail`]). So the answer
//! is the same for every address, and takes as long.

use std::time::Duration;

use crate::{
    model::email::EmailAddress,
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        mail::{MailRequest, Wanted},
        state::AppState,
        store::{
            Queryable, StoreError,
            mail_requests::{self, Subject},
        },
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// For one address, in a time: its owner must not be flooded.
const PER_ADDRESS: [(Duration, i64); 2] = [(MINUTE, 1), (HOUR, 5)];
/// From one network, in a time.
const PER_NETWORK: (Duration, i64) = (HOUR, 20);
/// How long it is of use: whoever has waited longer asks again.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Writes down that a mail is wanted, unless it was asked for too often. The caller is told neither.
pub async fn ask(
    state: &AppState,
    context: ActionContext<'_>,
    wanted: Wanted,
    email: EmailAddress,
) -> Result<(), Error> {
    if state.config.mail.is_none() {
        return Err(Error::NoMail);
    }
    if !write_down(state, context, wanted, email).await? {
        tracing::warn!("mail was asked for too often");
    }
    Ok(())
}

/// Whether it was not asked for too often.
async fn write_down(
    state: &AppState,
    context: ActionContext<'_>,
    wanted: Wanted,
    email: EmailAddress,
) -> Result<bool, Error> {
    let limits = limits(state, context, &email);
    // Asked before the writer is: whoever asks too often makes nobody wait.
    let mut reader = state.store.read().await?;
    let too_often = is_too_often(&mut reader, &limits, context.now).await?;
    drop(reader);
    if too_often {
        return Ok(false);
    }
    let mut change = Change::begin(state, context).await?;
    if !count(&mut change, &limits).await? {
        return Ok(false);
    }
    let client = context.client;
    let request = MailRequest {
        wanted,
        email,
        ip: client.ip.clone(),
        user_agent: client.user_agent.clone(),
        request_id: client.request_id.clone(),
    };
    change.ask_for_mail(request, LIFETIME).await?;
    change.commit().await?;
    Ok(true)
}

/// Counts a mail that somebody has asked for to an address: whether it may be sent.
pub async fn count_for(
    state: &AppState,
    change: &mut Change<'_>,
    email: &EmailAddress,
) -> Result<bool, StoreError> {
    let limits = limits(state, change.context, email);
    count(change, &limits).await
}

/// What is counted, and how often it may be in which time.
type Limit = (Subject, Duration, i64);

fn limits(state: &AppState, context: ActionContext<'_>, email: &EmailAddress) -> Vec<Limit> {
    let address = Subject::of("address", email.as_str());
    let per_address = PER_ADDRESS.map(|(time, most)| (address.clone(), time, most));
    // Whoever switches limits off has them somewhere else. Those of an address protect its owner, who has none.
    let network = context.client.network().filter(|_| state.config.rate_limit);
    let per_network = network.map(|network| {
        let (time, most) = PER_NETWORK;
        (Subject::of("network", &network.to_string()), time, most)
    });
    per_address.into_iter().chain(per_network).collect()
}

async fn is_too_often(db: &mut impl Queryable, limits: &[Limit], now: Timestamp) -> Result<bool, StoreError> {
    for (subject, time, most) in limits {
        if mail_requests::count(db, subject, now - *time, now).await? >= *most {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn count(change: &mut Change<'_>, limits: &[Limit]) -> Result<bool, StoreError> {
    let now = change.context.now;
    let mut subjects: Vec<_> = limits.iter().map(|(subject, ..)| subject).collect();
    subjects.dedup();
    // The address before the network, whoever asks: nobody waits in a circle.
    for subject in &subjects {
        mail_requests::lock(change.tx(), subject).await?;
    }
    if is_too_often(change.tx(), limits, now).await? {
        return Ok(false);
    }
    for subject in subjects {
        mail_requests::insert(change.tx(), subject, now).await?;
    }
    Ok(true)
}
