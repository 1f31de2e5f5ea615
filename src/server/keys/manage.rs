//! Adding, replacing and ending signing keys: what the schedule, the commands and the admin page do.

use serde_json::json;

use super::{
    error::KeyError,
    line::{CLIENT_ACCESS_TOKENS, KeyLine},
    rotation::{KeyState, NewKey, Phase, RotationPending, RotationReason, due, plan, refuse_if_pending},
};
use crate::{
    model::{id::UserId, oauth::token_format::TokenFormat, signing_key::SigningKey},
    server::{
        client_info::ActionContext,
        clock::Timestamp,
        config::TokenConfig,
        crypto::{entropy::Entropy, vault::Vault},
        store::{
            Store, StoreError, Tx,
            audit::{self, Event, EventKind},
            clients,
            invalidations::{self, Invalidation},
            resources,
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
    /// Active sessions that hold an access token of this key.
    pub sessions: u64,
}

/// Why a key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    #[error(transparent)]
    RotationPending(#[from] RotationPending),
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
    /// Makes a key of the portal's if one is due at a start: the first, one of another algorithm, or the scheduled one.
    /// Returns why it was made. The clients' can wait until the program runs.
    pub async fn rotate_at_start(
        &self,
        context: ActionContext<'_>,
    ) -> Result<Option<RotationReason>, KeyError> {
        match self.due(KeyLine::Portal, context.now).await? {
            Some(_) => self.rotate_if_still_due(KeyLine::Portal, context).await,
            None => Ok(None),
        }
    }

    /// Makes the keys that are due while the program runs, of each line that is needed. Returns which, and why.
    pub async fn rotate_if_due(
        &self,
        context: ActionContext<'_>,
    ) -> Result<Vec<(KeyLine, RotationReason)>, KeyError> {
        let mut made = Vec::new();
        for line in KeyLine::ALL {
            if let Some(reason) = self.rotate_line_if_due(line, context).await? {
                made.push((line, reason));
            }
        }
        Ok(made)
    }

    /// Makes the first key of a line, unless there is one.
    pub async fn ensure(&self, line: KeyLine, context: ActionContext<'_>) -> Result<(), KeyError> {
        if self.due(line, context.now).await? == Some(RotationReason::FirstKey) {
            self.rotate_if_still_due(line, context).await?;
        }
        Ok(())
    }

    /// Settings are read at the start, so another algorithm than the
    /// newest key's is what another node was started with: that is reported, or two nodes would make keys in turn.
    async fn rotate_line_if_due(
        &self,
        line: KeyLine,
        context: ActionContext<'_>,
    ) -> Result<Option<RotationReason>, KeyError> {
        match self.due(line, context.now).await? {
            Some(RotationReason::FirstKey) if !self.is_needed(line).await? => Ok(None),
            Some(RotationReason::AlgorithmChanged) => {
                tracing::warn!(
                    algorithm = %self.config.algorithm,
                    "another node signs with another algorithm: set LATCHKEY_TOKENS_ALGORITHM alike on all of them"
                );
                Ok(None)
            }
            Some(_) => self.rotate_if_still_due(line, context).await,
            None => Ok(None),
        }
    }

    /// Whether tokens of this line are signed at all: those of the clients are where there are clients.
    async fn is_needed(&self, line: KeyLine) -> Result<bool, StoreError> {
        let mut reader = self.store.read().await?;
        let algorithm = match line {
            KeyLine::Portal => return Ok(true),
            KeyLine::Paseto => return resources::any_of(&mut reader, TokenFormat::Paseto).await,
            KeyLine::Clients(algorithm) => algorithm,
        };
        let used = clients::id_token_algorithms(&mut reader).await?;
        Ok(used.contains(&algorithm) || (algorithm == CLIENT_ACCESS_TOKENS && !used.is_empty()))
    }

    async fn due(&self, line: KeyLine, now: Timestamp) -> Result<Option<RotationReason>, StoreError> {
        let mut reader = self.store.read().await?;
        let known = signing_keys::all(&mut reader).await?;
        Ok(due(line, &line.keys(&known), self.config, now))
    }

    async fn rotate_if_still_due(
        &self,
        line: KeyLine,
        context: ActionContext<'_>,
    ) -> Result<Option<RotationReason>, KeyError> {
        let new = self.generate(line).await?;
        let mut tx = self.store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        // Another node may have been faster.
        let keys = signing_keys::all(&mut tx).await?;
        let Some(reason) = due(line, &line.keys(&keys), self.config, context.now) else { return Ok(None) };
        self.add(&mut tx, context, None, (new, &keys), reason.as_str()).await?;
        tx.commit().await?;
        Ok(Some(reason))
    }

    /// Rotates every line that has begun, now: the new keys are published at once and sign once everybody can know them.
    /// A line in which a key waits already is left as it is; refused if that is so of all.
    pub async fn rotate(
        &self,
        context: ActionContext<'_>,
        actor: Option<&UserId>,
    ) -> Result<Vec<SigningKeyRecord>, ManageError> {
        let mut new = Vec::new();
        for line in self.begun(context.now).await? {
            new.push(self.generate(line).await?);
        }
        let mut tx = self.store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        let keys = signing_keys::all(&mut tx).await?;
        let (mut added, mut pending) = (Vec::new(), None);
        for new in new {
            match refuse_if_pending(new.line, &new.line.keys(&keys), self.config, context.now) {
                Ok(()) => added.push(self.add(&mut tx, context, actor, (new, &keys), "asked for").await?),
                Err(waiting) => pending = pending.or(Some(waiting)),
            }
        }
        match pending {
            Some(waiting) if added.is_empty() => Err(waiting.into()),
            _ => {
                tx.commit().await?;
                Ok(added)
            }
        }
    }

    /// The portal's line, and those of the clients that have keys.
    async fn begun(&self, now: Timestamp) -> Result<Vec<KeyLine>, StoreError> {
        let mut reader = self.store.read().await?;
        let keys = signing_keys::all(&mut reader).await?;
        let has_keys = |line: KeyLine| line.keys(&keys).iter().any(|key| !key.is_gone(now));
        Ok(KeyLine::ALL.into_iter().filter(|line| *line == KeyLine::Portal || has_keys(*line)).collect())
    }

    /// Ends a key that has leaked. Its tokens are refused from now on; browsers refresh silently. If it signs, a new
    /// one takes over at once, without the time in which others could learn of it.
    pub async fn revoke(
        &self,
        context: ActionContext<'_>,
        actor: Option<&UserId>,
        kid: &str,
    ) -> Result<(), ManageError> {
        let now = context.now;
        let line = self.line_of(kid).await?;
        let replacement = self.generate(line).await?;
        let mut tx = self.store.begin().await?;
        signing_keys::lock(&mut tx).await?;
        let all = signing_keys::all(&mut tx).await?;
        let keys = line.keys(&all);
        let at =
            keys.iter().position(|key| key.kid == kid && !key.is_gone(now)).ok_or(ManageError::NotFound)?;
        let (revoked, state) = (&keys[at], keys[at].phase(now).state);
        signing_keys::revoke(&mut tx, kid, now).await?;
        match state {
            KeyState::Active => {
                let until = revoked.retires_at.zip(revoked.gone_at);
                let record = replacement.into_record(&all, self.vault, self.entropy, (now, now))?;
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

    async fn line_of(&self, kid: &str) -> Result<KeyLine, ManageError> {
        let mut reader = self.store.read().await?;
        let keys = signing_keys::all(&mut reader).await?;
        keys.iter().find(|key| key.kid == kid).and_then(KeyLine::of).ok_or(ManageError::NotFound)
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

    async fn generate(&self, line: KeyLine) -> Result<NewKey, KeyError> {
        NewKey::generate(line, line.algorithm(self.config), self.entropy.clone()).await
    }

    async fn add(
        &self,
        tx: &mut Tx,
        context: ActionContext<'_>,
        actor: Option<&UserId>,
        (new, keys): (NewKey, &[SigningKeyRecord]),
        why: &str,
    ) -> Result<SigningKeyRecord, KeyError> {
        let plan = plan(new.line, &new.line.keys(keys), self.config, context.now);
        let record = new.into_record(keys, self.vault, self.entropy, (context.now, plan.activates_at))?;
        signing_keys::insert(tx, &record).await?;
        if let Some((kid, retires_at, gone_at)) = &plan.retire {
            signing_keys::retire(tx, kid, Some(*retires_at), Some(*gone_at)).await?;
        }
        let detail = json!({
            "kid": record.kid, "algorithm": record.algorithm, "purpose": record.purpose, "why": why,
            "signs_from": record.activates_at.to_utc()
        });
        self.tell(tx, context, actor, EventKind::SigningKeyAdded, detail).await?;
        Ok(record)
    }

    /// Writes the event, and tells all nodes.
    async fn tell(
        &self,
        tx: &mut Tx,
        context: ActionContext<'_>,
        actor: Option<&UserId>,
        kind: EventKind,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let event = Event::new(kind).with(detail).maybe_by(actor);
        audit::record(tx, context, &event).await?;
        let changed = (Invalidation::KeysChanged, context.now + self.config.publish_ahead());
        invalidations::insert(tx, &[changed]).await
    }
}

impl From<KeyListing> for SigningKey {
    fn from(key: KeyListing) -> Self {
        Self {
            kid: key.record.kid,
            algorithm: key.record.algorithm,
            purpose: key.record.purpose,
            state: key.phase.state.as_str().to_owned(),
            since: key.phase.since.to_utc(),
            until: key.phase.until.map(Timestamp::to_utc),
            revoked: key.record.revoked,
            sessions: key.sessions,
        }
    }
}
