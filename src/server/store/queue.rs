//! Requests that wait, and the one task that works for all of them.
//!
//! The task takes whatever waits as one group; what arrives meanwhile is the next. A lone request does not wait for
//! company.

use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError, held_reader::HeldReader};
use crate::server::survive::survive;

const QUEUED: usize = 1024;
/// Whoever is the first of a group waits for what is done for the last.
const LARGEST_GROUP: usize = 48;

/// What the task does for a group. Whoever it does not answer, because it panics, learns that it failed.
pub trait Work<T>: Send + 'static {
    fn answer(&mut self, group: Vec<T>, reader: &mut HeldReader) -> impl Future<Output = ()> + Send;
}

/// The requests' side.
pub struct Queue<T>(mpsc::Sender<T>);

impl<T: Send + 'static> Queue<T> {
    /// Must be called within the async runtime: it starts the task, which ends with the last request.
    pub fn start(store: Store, work: impl Work<T>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUED);
        tokio::spawn(serve(HeldReader::new(store), work, queue));
        Self(sender)
    }

    /// Waits for the answer to a question, which goes through the sender.
    pub async fn ask<A>(&self, question: impl FnOnce(oneshot::Sender<A>) -> T) -> Result<A, StoreError> {
        let (asker, answer) = oneshot::channel();
        let closed = || StoreError::Database(sqlx::Error::PoolClosed);
        self.0.send(question(asker)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())
    }
}

async fn serve<T: Send>(mut reader: HeldReader, mut work: impl Work<T>, mut queue: mpsc::Receiver<T>) {
    loop {
        let mut group = Vec::new();
        let asked = reader.until_closed(queue.recv_many(&mut group, LARGEST_GROUP)).await;
        if asked.is_none_or(|asked| asked == 0) {
            return;
        }
        survive(work.answer(group, &mut reader)).await;
    }
}
