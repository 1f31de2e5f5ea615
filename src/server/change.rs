//! The unit of work: what a use case changes, the events that tell of it, and the tokens that it makes invalid are
//! committed together or not at all.

use super::{
    client_info::ActionContext,
    clock::{LEEWAY, Timestamp},
    crypto::entropy::Entropy,
    state::AppState,
    store::{
        Store, StoreError, Tx,
        audit::{self, Event},
        invalidations::{self, Invalidation},
    },
};

/// A change under way. Dropped without [`Change::commit`] it leaves no trace.
///
/// It owns the transaction, so nothing can be committed without refusing what was invalidated: on this node before the
/// answer is given, on every other as soon as it hears of it.
#[must_use = "a change that is not committed is rolled back"]
pub struct Change<'a> {
    state: &'a AppState,
    pub context: ActionContext<'a>,
    tx: Tx,
    invalidated: Vec<(Invalidation, Timestamp)>,
    tells_apps: bool,
}

impl<'a> Change<'a> {
    pub async fn begin(state: &'a AppState, context: ActionContext<'a>) -> Result<Self, StoreError> {
        let tx = state.store.begin().await?;
        Ok(Self { state, context, tx, invalidated: Vec::new(), tells_apps: false })
    }

    /// The transaction, for the statements of [`super::store`].
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    pub fn entropy(&self) -> &'a Entropy {
        &self.state.entropy
    }

    /// Writes an event to the audit log.
    pub async fn record(&mut self, event: Event) -> Result<(), StoreError> {
        audit::record(&mut self.tx, self.context, &event).await
    }

    /// Makes access tokens invalid from the commit on. `last_expiry` is when the last of them expires by itself.
    pub fn invalidate(&mut self, invalidation: Invalidation, last_expiry: Timestamp) {
        self.invalidated.push((invalidation, last_expiry + LEEWAY));
    }

    /// Has apps told, from the commit on, what was written for them.
    pub fn tell_apps(&mut self) {
        self.tells_apps = true;
    }

    /// Commits. The very next request on this node sees what was invalidated.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        // Last of all: whoever stores them makes all others wait who want to.
        invalidations::insert(&mut self.tx, &self.invalidated).await?;
        self.tx.commit().await?;
        for (invalidation, until) in self.invalidated {
            self.state.tokens.denylist.add(invalidation, until, self.context.now);
        }
        if self.tells_apps {
            self.state.logout_deliveries.notify_one();
        }
        Ok(())
    }
}

/// Commits one event that belongs to no other change.
pub async fn record(store: &Store, context: ActionContext<'_>, event: Event) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    audit::record(&mut tx, context, &event).await?;
    tx.commit().await
}
