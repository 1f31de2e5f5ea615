//! A connection for reading that one task holds for as long as the program runs. The pool neither tests it nor takes it
//! back between two statements, which would cost more than the statement.

use std::collections::HashMap;

use super::{
    Reader, Store, StoreError,
    by_ids::{self, Found},
    within_patience,
};

pub struct HeldReader {
    store: Store,
    connection: Option<Reader>,
}

impl HeldReader {
    pub fn new(store: Store) -> Self {
        Self { store, connection: None }
    }

    /// Waits for work. `None`: the store is being closed, and the connection has been given back.
    pub async fn until_closed<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            work = work => Some(work),
            () = self.store.closed() => {
                self.connection = None;
                None
            }
        }
    }

    /// Reads the rows of these ids. A connection that was lost while nobody asked is replaced.
    pub async fn read<R: Found>(&mut self, ids: &[&str]) -> Result<HashMap<String, R>, StoreError> {
        let was_open = self.connection.is_some();
        match self.read_once::<R>(ids).await {
            Err(_) if was_open => self.read_once::<R>(ids).await,
            outcome => outcome,
        }
    }

    async fn read_once<R: Found>(&mut self, ids: &[&str]) -> Result<HashMap<String, R>, StoreError> {
        within_patience(async {
            // Taken, so that a connection that fails or hangs is not used again.
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.store.read().await?,
            };
            let rows = by_ids::read(&mut connection, ids).await?;
            self.connection = Some(connection);
            Ok(rows)
        })
        .await
    }
}
