//! Mails are sent at once after the commit that wrote them, and again later if the relay did not take them. What stands in
//! the table was written by the transaction of the change, so it is sent even if the program stops in between. If it stops
//! after the relay has taken a mail and before that is noted, the mail is sent twice, under one id.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::json;

use crate::server::{
    change,
    client_info::{ActionContext, ClientInfo},
    error::Error,
    mail::{
        Letter, seal_purpose,
        transport::{NotSent, Transport},
    },
    state::AppState,
    store::{
        StoreError,
        audit::{Event, EventKind},
        mails::{self, ClaimedMail},
        within_patience,
    },
    survive::survive,
};

/// How often it is looked: for what commands and other servers have written, and for what is tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many are under way at once.
const BATCH: i64 = 8;
/// How long a server has for a mail before another one takes it: longer than sending may take.
const CLAIM: Duration = Duration::from_secs(120);
/// How long is waited after each attempt that failed; from the last on always as long, until the mail is of no use.
const RETRIES: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(900),
    Duration::from_secs(1800),
    Duration::from_secs(3600),
];

/// Sends for as long as the program runs.
pub async fn run(state: Arc<AppState>, transport: Transport) {
    loop {
        let sent = survive(send_due(&state, &transport)).await;
        match sent {
            // There may be more.
            Some(Ok(sent)) if sent > 0 => continue,
            Some(Err(error)) => {
                tracing::warn!(%error, "mails could not be read or noted; it is tried again in a second");
            }
            _ => {}
        }
        tokio::select! {
            () = state.mails.notified() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Sends up to a batch of what is due. Returns how many that were.
pub async fn send_due(state: &AppState, transport: &Transport) -> Result<usize, Error> {
    let claimed = within_patience(claim(state)).await?;
    for outcome in join_all(claimed.iter().map(|mail| deliver(state, transport, mail))).await {
        outcome?;
    }
    Ok(claimed.len())
}

async fn claim(state: &AppState) -> Result<Vec<ClaimedMail>, StoreError> {
    let now = state.now();
    let mut reader = state.store.read().await?;
    if !mails::any_due(&mut reader, now).await? {
        return Ok(Vec::new());
    }
    drop(reader);
    let mut tx = state.store.begin().await?;
    let claimed = mails::claim(&mut tx, now, CLAIM, BATCH).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Sends one mail, and notes what became of it.
async fn deliver(state: &AppState, transport: &Transport, mail: &ClaimedMail) -> Result<(), Error> {
    match send(state, transport, mail).await {
        Ok(()) => {
            let mut tx = state.store.begin().await?;
            mails::delete(&mut tx, mail).await?;
            Ok(tx.commit().await?)
        }
        Err(NotSent::Never(reason)) => give_up(state, mail, &reason).await,
        Err(NotSent::Later(reason)) => {
            let attempts = usize::try_from(mail.attempts).unwrap_or(usize::MAX);
            let again = state.now() + RETRIES[attempts.min(RETRIES.len() - 1)];
            if again >= mail.expires_at {
                return give_up(state, mail, &reason).await;
            }
            tracing::info!(mail = %mail.id, kind = %mail.kind, %reason, "a mail could not be sent; it is tried again");
            let mut tx = state.store.begin().await?;
            mails::retry(&mut tx, mail, again).await?;
            Ok(tx.commit().await?)
        }
    }
}

async fn send(state: &AppState, transport: &Transport, mail: &ClaimedMail) -> Result<(), NotSent> {
    // A server that has not been given the newest master secret yet leaves it to one that has.
    let opened = state.vault.open(&seal_purpose(&mail.id), &mail.sealed);
    let opened = opened.map_err(|error| NotSent::Later(error.to_string()))?;
    let letter: Letter =
        serde_json::from_slice(&opened).map_err(|error| NotSent::Never(error.to_string()))?;
    transport.send(&mail.id, mail.created_at, &letter).await
}

/// Notes that a mail will never arrive: whoever waits for it asks an administrator, who looks here.
async fn give_up(state: &AppState, mail: &ClaimedMail, reason: &str) -> Result<(), Error> {
    tracing::warn!(mail = %mail.id, kind = %mail.kind, %reason, "a mail was never sent; it is given up");
    let client = ClientInfo::program();
    let context = ActionContext { now: state.now(), client: &client };
    let mut change = change::Change::begin(state, context).await?;
    if mails::delete(change.tx(), mail).await? {
        let mut event = Event::new(EventKind::MailGivenUp).with(json!({ "kind": mail.kind, "why": reason }));
        event.subject.clone_from(&mail.user);
        change.record(event).await?;
    }
    Ok(change.commit().await?)
}
