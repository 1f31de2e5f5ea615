//! Reading accounts and sessions by their id, for many requests at once.
//!
//! Whoever asks while a statement runs shares the next one, on a connection that serves nothing else. A lone request
//! does not wait for company. What is answered was read after it was asked for, so it is never older than the question.
//! Profiles, clients and providers alone are kept, for as long as it is certain that none has changed.

use std::{fmt, hash::Hash, sync::Arc};

use quick_cache::sync::Cache;
use tokio::sync::oneshot;

use super::{
    Store, StoreError,
    by_ids::Found,
    held_reader::HeldReader,
    many_sessions::{SessionOfUser, SessionOfUserRow},
    overviews::{self, OverviewRow},
    queue::{Queue, Work},
    registered_clients::{RegisteredClient, RegisteredClientRow},
    upstream_providers::{self, Provider},
    users::{User, UserRow},
};
use crate::{
    model::{
        id::{SessionId, UserId},
        oauth::client_id::ClientId,
        overview::Overview,
        profile::Profile,
    },
    server::clock::Timestamp,
};

/// Profiles and clients that are kept, of 1 KiB each or less.
const KEPT: usize = 10_000;

type Answer<T> = Result<Option<T>, StoreError>;
type Asked<T> = (String, oneshot::Sender<Answer<T>>);

enum Question {
    Session(Asked<SessionOfUser>),
    User(Asked<User>),
    Client(Asked<RegisteredClient>),
    Overview(Asked<Overview>),
}

/// What is kept, each with the version of the accounts before it was read ([`Store::account_version`]).
type Kept<K, V> = Cache<K, (u64, Arc<V>)>;

/// The askers' side; cheap to share.
pub struct Loader {
    questions: Queue<Question>,
    store: Store,
    profiles: Kept<UserId, Profile>,
    clients: Kept<ClientId, RegisteredClient>,
    providers: Kept<(), Vec<Provider>>,
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loader")
    }
}

impl Loader {
    /// Must be called within the async runtime: it starts the task that reads, which ends with the last asker.
    pub fn start(store: Store) -> Self {
        let questions = Queue::start(store.clone(), Reads);
        Self {
            questions,
            store,
            profiles: Cache::new(KEPT),
            clients: Cache::new(KEPT),
            providers: Cache::new(1),
        }
    }

    pub async fn session(&self, id: &SessionId) -> Answer<SessionOfUser> {
        self.ask(id.as_str(), Question::Session).await
    }

    pub async fn user(&self, id: &UserId) -> Answer<User> {
        self.ask(id.as_str(), Question::User).await
    }

    /// The account as its owner sees it.
    pub async fn profile(&self, id: &UserId) -> Answer<Arc<Profile>> {
        let read = async { self.user(id).await.map(|user| user.map(|user| user.profile())) };
        self.kept(&self.profiles, id, read).await
    }

    /// What the owner of an account sees first in this session.
    pub async fn overview(&self, session: &SessionId, now: Timestamp) -> Answer<Overview> {
        self.ask(&overviews::question(session, now), Question::Overview).await
    }

    /// A client with its secrets and addresses.
    pub async fn client(&self, id: &ClientId) -> Answer<Arc<RegisteredClient>> {
        self.kept(&self.clients, id, self.ask(id.as_str(), Question::Client)).await
    }

    /// All providers. There are a few.
    pub async fn providers(&self) -> Result<Arc<Vec<Provider>>, StoreError> {
        let read = async { Ok(Some(upstream_providers::all(&mut self.store.read().await?).await?)) };
        Ok(self.kept(&self.providers, &(), read).await?.unwrap_or_default())
    }

    /// Forgets what it keeps. Another process has changed something, and may have ended before it could say what.
    pub fn forget(&self) {
        self.profiles.clear();
        self.clients.clear();
        self.providers.clear();
    }

    /// What is kept and certain to be as it was, or else what is read.
    async fn kept<K: Clone + Eq + Hash, V>(
        &self,
        kept: &Kept<K, V>,
        id: &K,
        read: impl Future<Output = Answer<V>>,
    ) -> Answer<Arc<V>> {
        let version = self.store.account_version();
        if let Some((_, value)) = kept.get(id).filter(|(of, _)| Some(*of) == version) {
            return Ok(Some(value));
        }
        let Some(value) = read.await?.map(Arc::new) else { return Ok(None) };
        if let Some(version) = version {
            kept.insert(id.clone(), (version, value.clone()));
        }
        Ok(Some(value))
    }

    async fn ask<T>(&self, id: &str, question: fn(Asked<T>) -> Question) -> Answer<T> {
        self.questions.ask(|asker| question((id.to_owned(), asker))).await?
    }
}

struct Reads;

impl Work<Question> for Reads {
    async fn answer(&mut self, group: Vec<Question>, reader: &mut HeldReader) {
        let (mut sessions, mut users) = (Vec::new(), Vec::new());
        let (mut clients, mut overviews) = (Vec::new(), Vec::new());
        for question in group {
            match question {
                Question::Session(asked) => sessions.push(asked),
                Question::User(asked) => users.push(asked),
                Question::Client(asked) => clients.push(asked),
                Question::Overview(asked) => overviews.push(asked),
            }
        }
        answer::<SessionOfUserRow>(sessions, reader).await;
        answer::<UserRow>(users, reader).await;
        answer::<RegisteredClientRow>(clients, reader).await;
        answer::<OverviewRow>(overviews, reader).await;
    }
}

/// Answers those who ask for one kind of row.
async fn answer<R: Found>(asked: Vec<Asked<R::Record>>, reader: &mut HeldReader) {
    if asked.is_empty() {
        return;
    }
    let ids: Vec<_> = asked.iter().map(|(id, _)| id.as_str()).collect();
    match reader.read::<R>(&ids).await {
        Ok(rows) => {
            for (id, asker) in asked {
                // A row that breaks a rule fails those who asked for it, and nobody else. Who has left needs no answer.
                let _ = asker.send(rows.get(&id).cloned().map(R::Record::try_from).transpose());
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for (_, asker) in asked {
                let _ = asker.send(Err(StoreError::Group(error.clone())));
            }
        }
    }
}
