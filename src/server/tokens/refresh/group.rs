//! Refreshing many sessions with one commit.
//!
//! A durable commit costs the disk the same for one session as for fifty. So requests that arrive while one group is
//! committed make up the next, and a lone one does not wait for company. Each is decided by itself, and answered after
//! the commit: what one presents, or breaks, is nothing to the others.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{
    rotation::{Decision, Reissue, decide, present},
    salts::Salts,
    token::{RefreshKeys, RefreshToken},
};
use crate::{
    model::session::SignOutReason,
    server::{
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        config::SessionConfig,
        crypto::error::SealError,
        keys::key_set::SigningKey,
        store::{
            Store, StoreError,
            held_reader::HeldReader,
            many_sessions::{self, SessionOfUser, SessionOfUserRow},
            queue::{Queue, Work},
            sessions::SessionRecord,
            users::User,
            within_patience,
        },
    },
};

/// A refresh token that somebody presents.
pub struct Presented {
    pub token: RefreshToken,
    pub now: Timestamp,
    pub client: ClientInfo,
    /// Signs the access token after the commit. It is chosen before, because the session remembers it.
    pub key: Arc<SigningKey>,
}

/// What has become of it.
pub enum Outcome {
    /// The session has moved on, durably: this is how it stands now.
    Refreshed(Box<SessionOfUser>),
    /// There is no such session.
    Missing,
    /// The token is none of ours, or of a generation that was never made.
    Unknown,
    Ended(SignOutReason),
    /// Somebody else holds a copy. Nothing was written: ending the session is a change of its own.
    Reuse,
}

/// Why a token could not be decided.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GroupError {
    #[error(transparent)]
    Store(Arc<StoreError>),
    #[error(transparent)]
    Seal(Arc<SealError>),
}

impl From<StoreError> for GroupError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<SealError> for GroupError {
    fn from(error: SealError) -> Self {
        Self::Seal(Arc::new(error))
    }
}

type Answer = Result<Outcome, GroupError>;

type Asked = (Presented, oneshot::Sender<Answer>);

/// The requests' side.
pub struct Refreshes(Queue<Asked>);

impl fmt::Debug for Refreshes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refreshes")
    }
}

/// What decides besides the token and the row.
pub struct Rules {
    pub keys: RefreshKeys,
    pub sessions: SessionConfig,
    pub access_ttl: Duration,
}

impl Refreshes {
    /// Must be called within the async runtime: it starts the task that writes, which ends with the last request.
    pub fn start(store: Store, rules: Rules, salts: Arc<Salts>) -> Self {
        Self(Queue::start(store.clone(), Refreshing { store, rules, salts }))
    }

    /// Decides what presenting this token means and writes it down. A request that is dropped meanwhile is written all
    /// the same: that is a lost response, which the next request makes good.
    pub async fn present(&self, presented: Presented) -> Answer {
        self.0.ask(|asker| (presented, asker)).await?
    }
}

struct Refreshing {
    store: Store,
    rules: Rules,
    salts: Arc<Salts>,
}

impl Work<Asked> for Refreshing {
    async fn answer(&mut self, group: Vec<Asked>, reader: &mut HeldReader) {
        let Self { store, rules, salts } = self;
        let (mut known, unknown) = split(group, rules, salts);
        known.extend(refuse_unlocked(unknown, rules, reader).await);
        if !known.is_empty() {
            commit(known, rules, store, salts).await;
        }
    }
}

/// Answers forged tokens of sessions that are remembered. Returns the tokens that are ours, and those that can't be told yet.
fn split(tokens: Vec<Asked>, rules: &Rules, salts: &Salts) -> (Vec<Asked>, Vec<Asked>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (presented, asker) in tokens {
        match salts.is_authentic(&presented.token, &rules.keys) {
            Some(Ok(true)) => known.push((presented, asker)),
            Some(Ok(false)) => send(asker, Ok(Outcome::Unknown)),
            Some(Err(error)) => send(asker, Err(error.into())),
            None => unknown.push((presented, asker)),
        }
    }
    (known, unknown)
}

/// Answers those whose token is none of ours, or of a session that has ended, before anything is locked: whoever sends
/// many of them must not keep others from writing. A token that is ours stays ours, for its key never changes. Returns
/// the others.
async fn refuse_unlocked(tokens: Vec<Asked>, rules: &Rules, reader: &mut HeldReader) -> Vec<Asked> {
    if tokens.is_empty() {
        return tokens;
    }
    let ids: Vec<_> = tokens.iter().map(|(presented, _)| presented.token.session.as_str()).collect();
    let group = match reader.read::<SessionOfUserRow>(&ids).await {
        Ok(rows) => Group::new(rows),
        Err(error) => {
            fail(tokens, error);
            return Vec::new();
        }
    };
    let mut left = Vec::new();
    for (presented, asker) in tokens {
        match group.refuse(&presented, rules) {
            Some(answer) => send(asker, answer),
            None => left.push((presented, asker)),
        }
    }
    left
}

/// One transaction. Nobody is answered before it is committed.
async fn commit(tokens: Vec<Asked>, rules: &Rules, store: &Store, salts: &Salts) {
    let presented: Vec<_> = tokens.iter().map(|(presented, _)| presented).collect();
    match within_patience(decide_all(&presented, rules, store)).await {
        Ok(answers) => {
            for ((presented, asker), answer) in tokens.into_iter().zip(answers) {
                if !matches!(answer, Ok(Outcome::Refreshed(_))) {
                    salts.forget(&presented.token.session);
                }
                send(asker, answer);
            }
        }
        Err(error) => fail(tokens, error),
    }
}

async fn decide_all(tokens: &[&Presented], rules: &Rules, store: &Store) -> Result<Vec<Answer>, StoreError> {
    let ids: Vec<_> = tokens.iter().map(|presented| presented.token.session.as_str()).collect();
    let (tx, sessions) = many_sessions::begin_with(store, &ids).await?;
    let mut group = Group::new(sessions);
    let answers = tokens.iter().map(|presented| group.decide(presented, rules)).collect();
    tx.commit_with(vec![many_sessions::advancing(&group.changed())?]).await?;
    Ok(answers)
}

fn send(asker: oneshot::Sender<Answer>, answer: Answer) {
    // Who has left needs no answer.
    let _ = asker.send(answer);
}

fn fail(tokens: Vec<Asked>, error: StoreError) {
    let error = GroupError::from(error);
    for (_, asker) in tokens {
        send(asker, Err(error.clone()));
    }
}

/// The sessions that a group is about. A session that is presented twice is decided twice, one after the other, and
/// written once. A row that breaks a rule fails those who present its token, and nobody else.
struct Group(HashMap<String, Result<Member, GroupError>>);

struct Member {
    session: SessionRecord,
    user: User,
    /// The generation in the database, if the session was used.
    used_from: Option<u64>,
}

impl Group {
    fn new(rows: HashMap<String, SessionOfUserRow>) -> Self {
        let member = |row| {
            let (session, user) = SessionOfUser::try_from(row)?;
            Ok(Member { session, user, used_from: None })
        };
        Self(rows.into_iter().map(|(id, row)| (id, member(row))).collect())
    }

    /// The answer to a token that needs no lock, if it is one.
    fn refuse(&self, presented: &Presented, rules: &Rules) -> Option<Answer> {
        let member = match self.0.get(presented.token.session.as_str()) {
            None => return Some(Ok(Outcome::Missing)),
            Some(Err(error)) => return Some(Err(error.clone())),
            Some(Ok(member)) => member,
        };
        match rules.keys.is_authentic(&presented.token, &member.session.salt) {
            Err(error) => return Some(Err(error.into())),
            Ok(false) => return Some(Ok(Outcome::Unknown)),
            Ok(true) => {}
        }
        match decide(&member.session, presented.token.generation, presented.now, &rules.sessions) {
            Decision::Ended(reason) => Some(Ok(Outcome::Ended(reason))),
            _ => None,
        }
    }

    fn decide(&mut self, presented: &Presented, rules: &Rules) -> Answer {
        match self.0.get_mut(presented.token.session.as_str()) {
            None => Ok(Outcome::Missing),
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(member)) => Ok(member.decide(presented, rules)),
        }
    }

    fn changed(&self) -> Vec<(u64, &SessionRecord)> {
        let members = self.0.values().filter_map(|member| member.as_ref().ok());
        members.filter_map(|member| Some((member.used_from?, &member.session))).collect()
    }
}

impl Member {
    fn decide(&mut self, presented: &Presented, rules: &Rules) -> Outcome {
        let Presented { token, now, client, key } = presented;
        let session = &mut self.session;
        if session.revoked.is_none() && !self.user.is_enabled() {
            return Outcome::Ended(SignOutReason::AccountClosed);
        }
        let from = session.generation;
        match present(session, token.generation, *now, &rules.sessions) {
            Decision::Unknown => return Outcome::Unknown,
            Decision::Ended(reason) => return Outcome::Ended(reason),
            Decision::Reuse => return Outcome::Reuse,
            Decision::Keep | Decision::Rotate | Decision::Reissue(Reissue::Concurrent) => {}
            Decision::Reissue(Reissue::ResponseLost) => {
                tracing::info!(session = %session.id, "a refresh response was lost; its token is handed out again");
            }
        }
        self.used_from.get_or_insert(from);
        session.seen(ActionContext { now: *now, client });
        session.remember(&key.kid, session.access_token_expiry(*now, rules.access_ttl));
        Outcome::Refreshed(Box::new((session.clone(), self.user.clone())))
    }
}
