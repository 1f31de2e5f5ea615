//! Requests of one kind that arrive together share one transaction.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::server::store::{
    Store, StoreError,
    held_reader::HeldReader,
    queue::{Queue, Work},
    within_patience,
};

/// What the requests want.
pub trait Kind: Send + Sync + 'static {
    type Request: Send + Sync + 'static;
    type Outcome: Send + 'static;

    /// Decides each by itself and writes all of them in one transaction. Returns the outcomes in the order of the requests
    /// once that is committed. Nothing: the request is refused, or somebody else holds what it is about, and nothing was
    /// written for it. Whoever sent it goes alone, finds out why, and does what is to be done then.
    fn decide(
        &self,
        requests: &[&Self::Request],
        store: &Store,
        reader: &mut HeldReader,
    ) -> impl Future<Output = Result<Vec<Option<Self::Outcome>>, StoreError>> + Send;
}

type Answer<K> = Result<Option<<K as Kind>::Outcome>, StoreError>;
type Asked<K> = (<K as Kind>::Request, oneshot::Sender<Answer<K>>);

/// The requests' side.
pub struct Together<K: Kind>(Queue<Asked<K>>);

impl<K: Kind> Together<K> {
    /// Must be called within the async runtime: it starts the task that writes, which ends with the last request.
    pub fn start(store: &Store, kind: K) -> Self {
        Self(Queue::start(store.clone(), Writer { kind, store: store.clone() }))
    }

    /// Does it with the others that wait. A request that is dropped meanwhile is written all the same: that is a lost
    /// response.
    pub async fn ask(&self, request: K::Request) -> Answer<K> {
        self.0.ask(|asker| (request, asker)).await?
    }
}

struct Writer<K> {
    kind: K,
    store: Store,
}

impl<K: Kind> Work<Asked<K>> for Writer<K> {
    async fn answer(&mut self, group: Vec<Asked<K>>, reader: &mut HeldReader) {
        let requests: Vec<_> = group.iter().map(|(request, _)| request).collect();
        let decided = within_patience(self.kind.decide(&requests, &self.store, reader)).await;
        let decided = decided.map_err(Arc::new);
        let askers = group.into_iter().map(|(_, asker)| asker);
        // Who has left needs no answer.
        match decided {
            Ok(outcomes) => {
                for (asker, outcome) in askers.zip(outcomes) {
                    let _ = asker.send(Ok(outcome));
                }
            }
            Err(error) => {
                for asker in askers {
                    let _ = asker.send(Err(StoreError::Group(error.clone())));
                }
            }
        }
    }
}
