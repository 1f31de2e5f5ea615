//! Reading accounts and sessions by their id, for many requests at once.
//!
//! Whoever asks while a statement runs shares the next one, on a connection that serves nothing else. A lone request
//! does not wait for company. What is answered was read after it was asked for, so it is never older than the question.
//! Profiles alone are kept, for as long as it is certain that no account has changed.

use std::{fmt, sync::Arc};

use quick_cache::sync::Cache;
use tokio::sync::{mpsc, oneshot};

use super::{
    Store, StoreError,
    by_ids::Found,
    held_reader::HeldReader,
    many_sessions::{SessionOfUser, SessionOfUserRow},
    users::{User, UserRow},
};
use crate::{
    model::{
        id::{SessionId, UserId},
        profile::Profile,
    },
    server::survive::survive,
};

const QUEUED: usize = 1024;
/// Profiles that are kept, of less than 1 KiB each.
const KEPT: usize = 10_000;
/// sqlx hands rows on through a channel of 50; a statement with more would wait for its reader.
const LARGEST_GROUP: usize = 48;

type Answer<T> = Result<Option<T>, StoreError>;
type Asked<T> = (String, oneshot::Sender<Answer<T>>);

enum Question {
    Session(Asked<SessionOfUser>),
    User(Asked<User>),
}

/// The askers' side; cheap to share.
pub struct Loader {
    questions: mpsc::Sender<Question>,
    store: Store,
    /// Each with the version of the accounts before it was read ([`Store::account_version`]).
    profiles: Cache<UserId, (u64, Arc<Profile>)>,
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loader")
    }
}

impl Loader {
    /// Must be called within the async runtime: it starts the task that reads, which ends with the last asker.
    pub fn start(store: Store) -> Self {
        let (questions, queue) = mpsc::channel(QUEUED);
        tokio::spawn(serve(store.clone(), queue));
        Self { questions, store, profiles: Cache::new(KEPT) }
    }

    pub async fn session(&self, id: &SessionId) -> Answer<SessionOfUser> {
        self.ask(id.as_str(), Question::Session).await
    }

    pub async fn user(&self, id: &UserId) -> Answer<User> {
        self.ask(id.as_str(), Question::User).await
    }

    /// The account as its owner sees it.
    pub async fn profile(&self, id: &UserId) -> Answer<Arc<Profile>> {
        let version = self.store.account_version();
        let kept = self.profiles.get(id).filter(|(of, _)| Some(*of) == version);
        if let Some((_, profile)) = kept {
            return Ok(Some(profile));
        }
        let Some(user) = self.user(id).await? else { return Ok(None) };
        let profile = Arc::new(user.profile());
        if let Some(version) = version {
            self.profiles.insert(id.clone(), (version, profile.clone()));
        }
        Ok(Some(profile))
    }

    /// Forgets what it keeps. Another process has changed something, and may have ended before it could say what.
    pub fn forget(&self) {
        self.profiles.clear();
    }

    async fn ask<T>(&self, id: &str, question: fn(Asked<T>) -> Question) -> Answer<T> {
        let (asked, answer) = oneshot::channel();
        let closed = || StoreError::Database(sqlx::Error::PoolClosed);
        self.questions.send(question((id.to_owned(), asked))).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

async fn serve(store: Store, mut queue: mpsc::Receiver<Question>) {
    let mut reader = HeldReader::new(store);
    let mut group = Vec::with_capacity(LARGEST_GROUP);
    while reader.until_closed(queue.recv_many(&mut group, LARGEST_GROUP)).await.is_some_and(|asked| asked > 0)
    {
        let (mut sessions, mut users) = (Vec::new(), Vec::new());
        for question in group.drain(..) {
            match question {
                Question::Session(asked) => sessions.push(asked),
                Question::User(asked) => users.push(asked),
            }
        }
        survive(async {
            answer::<SessionOfUserRow>(sessions, &mut reader).await;
            answer::<UserRow>(users, &mut reader).await;
        })
        .await;
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
