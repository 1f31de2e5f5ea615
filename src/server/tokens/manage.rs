//! Adding, replacing and ending signing keys: what the schedule, the commands and the admin page do.

use serde_json::json;

use super::{
    keys::KeyError,
    rotation::{Due, KeyState, NewKey, Phase, Plan, UnderWay, due, plan, refuse_if_under_way},
};
use crate::{
    model::{id::UserId, signing_key::SigningKey},
    server::{
        audit::{self, Event, EventKind},
        clock::{Entropy, Timestamp},
        config::TokenConfig,
        origin::Context,
        secret::Vault,
        store::{
            Store, StoreError, Tx,
            changes::{self, Change},
            signing_keys::{self, SigningKeyRecord},
        },
    },
};

/// What is needed to change the key set: a server has it, and so has a command.
#[derive(Clone, Copy, Debug)]
pub struct KeyManager<'a> {
    pub store: &'a Store,
    pub vault: &'a Vault,
    pub config: &'a TokenConfig,
    pub entropy: &'a Entropy,
}

/// A key as administrators see it.
#[derive(Clone, Debug)]
pub struct KeyListing {
    pub record: SigningKeyRecord,
    pub phase: Phase,
    /// Live sessions that hold an access token of this key.
    pub sessions: u64,
}

/// Why a key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    #[error(transparent)]
    UnderWay(#[from] UnderWay),
    #[error("there is no such key, or it is gone already")]
    NotFound,
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<StoreError> for ManageError {
    fn from(error: StoreError) -> Self {
        Self::Key(error.into())
    }
}

impl KeyManager<'_> {
    /// Makes a key if one is due: the first, one of another algorithm, or the scheduled one. Returns why it was made.
    pub async fn keep_current(&self, context: Context<'_>) -> Result<Option<Due>, KeyError> {
        let mut reader = self.store.read().await?;
        let known = signing_keys::all(&mut reader).await?;
        drop(reader);
        if due(&known, self.config, context.now).is_none() {
            return Ok(None);
        }
        let new = self.generate().await?;
        let mut tx = self.store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        // Another node may have been faster.
        let keys = signing_keys::all(&mut tx).await?;
        let Some(reason) = due(&keys, self.config, context.now) else { return Ok(None) };
        self.add(&mut tx, context, None, new, plan(&keys, self.config, context.now), reason.as_str()).await?;
        tx.commit().await?;
        Ok(Some(reason))
    }

    /// Rotates now: the new key is published at once and signs once everybody can know it.
    pub async fn rotate(
        &self,
        context: Context<'_>,
        actor: Option<&UserId>,
    ) -> Result<SigningKeyRecord, ManageError> {
        let new = self.generate().await?;
        let mut tx = self.store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        let keys = signing_keys::all(&mut tx).await?;
        refuse_if_under_way(&keys, self.config, context.now)?;
        let record = self
            .add(&mut tx, context, actor, new, plan(&keys, self.config, context.now), "asked for")
            .await?;
        tx.commit().await?;
        Ok(record)
    }

    /// Ends a key that has leaked. Its tokens are refused from now on; browsers refresh silently. If it signs, a new
    /// one takes over at once, without the time in which others could learn of it.
    pub async fn revoke(
        &self,
        context: Context<'_>,
        actor: Option<&UserId>,
        kid: &str,
    ) -> Result<(), ManageError> {
        let now = context.now;
        let replacement = self.generate().await?;
        let mut tx = self.store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        let keys = signing_keys::all(&mut tx).await?;
        let at =
            keys.iter().position(|key| key.kid == kid && !key.is_gone(now)).ok_or(ManageError::NotFound)?;
        let (revoked, state) = (&keys[at], keys[at].phase(now).state);
        signing_keys::revoke(&mut tx, kid, now).await?;
        match state {
            KeyState::Active => {
                let until = revoked.retires_at.zip(revoked.gone_at);
                let record = replacement.into_record(now, now);
                signing_keys::insert(&mut tx, &record).await?;
                if let Some((retires_at, gone_at)) = until {
                    signing_keys::retire(&mut tx, &record.kid, Some(retires_at), Some(gone_at)).await?;
                }
            }
            // The one before it must not stop to sign for a successor that never comes.
            KeyState::Next => {
                let before = keys[..at].iter().rev().find(|key| key.retires_at == Some(revoked.activates_at));
                if let Some(before) = before {
                    signing_keys::retire(&mut tx, &before.kid, revoked.retires_at, revoked.gone_at).await?;
                }
            }
            KeyState::Retired | KeyState::Gone => {}
        }
        self.tell(&mut tx, context, actor, EventKind::SigningKeyRevoked, json!({ "kid": kid })).await?;
        tx.commit().await?;
        Ok(())
    }

    /// All keys, the newest first.
    pub async fn list(&self, now: Timestamp) -> Result<Vec<KeyListing>, StoreError> {
        let mut reader = self.store.read().await?;
        let uses = signing_keys::uses(&mut reader, now).await?;
        let sessions =
            |kid: &str| uses.iter().find(|used| used.token_kid == kid).map_or(0, |used| used.sessions);
        let listing = |record: SigningKeyRecord| KeyListing {
            phase: record.phase(now),
            sessions: u64::try_from(sessions(&record.kid)).unwrap_or(0),
            record,
        };
        Ok(signing_keys::all(&mut reader).await?.into_iter().rev().map(listing).collect())
    }

    async fn generate(&self) -> Result<NewKey, KeyError> {
        NewKey::generate(self.config.algorithm, self.vault.clone(), self.entropy.clone()).await
    }

    async fn add(
        &self,
        tx: &mut Tx,
        context: Context<'_>,
        actor: Option<&UserId>,
        new: NewKey,
        plan: Plan,
        why: &str,
    ) -> Result<SigningKeyRecord, StoreError> {
        let record = new.into_record(context.now, plan.activates_at);
        signing_keys::insert(tx, &record).await?;
        if let Some((kid, retires_at, gone_at)) = &plan.retire {
            signing_keys::retire(tx, kid, Some(*retires_at), Some(*gone_at)).await?;
        }
        let detail = json!({ "kid": record.kid, "algorithm": record.algorithm, "why": why, "signs_from": record.activates_at.to_utc() });
        self.tell(tx, context, actor, EventKind::SigningKeyAdded, detail).await?;
        Ok(record)
    }

    /// Writes the event, and tells all nodes.
    async fn tell(
        &self,
        tx: &mut Tx,
        context: Context<'_>,
        actor: Option<&UserId>,
        kind: EventKind,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let event = Event { actor: actor.cloned(), ..Event::new(kind).with(detail) };
        audit::record(tx, context, event).await?;
        changes::insert(tx, &Change::KeysChanged, context.now + self.config.publish_ahead()).await
    }
}

impl From<KeyListing> for SigningKey {
    fn from(key: KeyListing) -> Self {
        Self {
            kid: key.record.kid,
            algorithm: key.record.algorithm,
            state: key.phase.state.as_str().to_owned(),
            since: key.phase.since.to_utc(),
            until: key.phase.until.map(Timestamp::to_utc),
            revoked: key.record.revoked,
            sessions: key.sessions,
        }
    }
}
