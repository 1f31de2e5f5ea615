//! Refreshing many grants with one commit.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Granted, access_token_expiry, narrowing::Narrowing, rules, together::Kind};
use crate::{
    model::oauth::{resource::Resources, scope::Scopes},
    server::{
        clock::Timestamp,
        config::SessionConfig,
        store::{
            Store, StoreError,
            clients::Client,
            grants::{self, GrantRecord},
            held_reader::HeldReader,
            standings::{self, Standing, StandingRow},
        },
        tokens::refresh::{
            client_token::ClientRefreshToken,
            grant::{is_noted, present},
            rotation::{Decision, Reissue},
            token::RefreshKeys,
        },
    },
};

pub struct Refreshing {
    pub keys: RefreshKeys,
    pub sessions: SessionConfig,
    pub access_ttl: Duration,
}

/// A refresh token that a client presents.
#[derive(Clone)]
pub struct Presented {
    pub client: Arc<Client>,
    pub token: ClientRefreshToken,
    pub narrowing: Narrowing,
    pub now: Timestamp,
}

impl Kind for Refreshing {
    type Request = Presented;
    type Outcome = Granted;

    async fn decide(
        &self,
        requests: &[&Presented],
        store: &Store,
        reader: &mut HeldReader,
    ) -> Result<Vec<Option<Granted>>, StoreError> {
        let asked: Vec<_> = requests.iter().map(|presented| presented.token.grant.as_str()).collect();
        let unlocked = Members::new(reader.read::<StandingRow>(&asked).await?);
        let found: Vec<_> = requests.iter().map(|presented| unlocked.find(presented, self)).collect();
        let moving = asked.iter().zip(&found).filter(|(_, found)| matches!(found, Found::Moves));
        let ids: Vec<_> = moving.map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(found.into_iter().map(Found::answer).collect());
        }
        let (tx, standings) = standings::begin_with(store, &ids).await?;
        let mut members = Members::new(standings);
        let decide = |(presented, found): (&&Presented, Found)| match found {
            Found::Moves => members.refresh(presented, self),
            stays => stays.answer(),
        };
        let outcomes = requests.iter().zip(found).map(decide).collect();
        tx.commit_with(vec![grants::advancing(&members.used())?]).await?;
        Ok(outcomes)
    }
}

/// What is known of a token before anything is locked.
enum Found {
    /// It is none of ours, or what it stands on no longer holds.
    Nothing,
    /// It gives this, and nothing need be written.
    Unchanged(Box<Granted>),
    /// Its grant moves on.
    Moves,
}

impl Found {
    /// What is answered if the grant stays as it is.
    fn answer(self) -> Option<Granted> {
        match self {
            Self::Unchanged(granted) => Some(*granted),
            Self::Nothing | Self::Moves => None,
        }
    }
}

impl Refreshing {
    fn lifetimes(&self, client: &Client) -> SessionConfig {
        rules::RefreshRules::of(client).config(&self.sessions)
    }
}

/// The grants that a group is about. One that is presented twice is decided twice, one after the other, and written once.
struct Members(HashMap<String, Member>);

struct Member {
    standing: Standing,
    /// The generation in the database, if the grant was used.
    used_from: Option<u64>,
}

impl Members {
    /// A row that breaks a rule is none of them: whoever presents its token learns of it alone.
    fn new(rows: HashMap<String, StandingRow>) -> Self {
        let member = |(id, row): (String, StandingRow)| {
            Some((id, Member { standing: Standing::try_from(row).ok()?, used_from: None }))
        };
        Self(rows.into_iter().filter_map(member).collect())
    }

    fn find(&self, presented: &Presented, rules: &Refreshing) -> Found {
        let Presented { client, token, now, .. } = presented;
        let member = self.0.get(token.grant.as_str()).filter(|member| member.is_ours(presented, &rules.keys));
        let Some((member, narrowed)) = member.and_then(|member| Some((member, member.check(presented)?)))
        else {
            return Found::Nothing;
        };
        if is_noted(&member.standing.grant, token.generation, *now, &rules.lifetimes(client)) {
            Found::Unchanged(Box::new(member.give(presented, rules, narrowed)))
        } else {
            Found::Moves
        }
    }

    fn refresh(&mut self, presented: &Presented, rules: &Refreshing) -> Option<Granted> {
        self.0.get_mut(presented.token.grant.as_str())?.refresh(presented, rules)
    }

    /// Each with the generation in the database, if it was used.
    fn used(&self) -> Vec<(u64, &GrantRecord)> {
        let members = self.0.values();
        members.filter_map(|member| Some((member.used_from?, &member.standing.grant))).collect()
    }
}

impl Member {
    /// Whether the program has made this token for this client.
    fn is_ours(&self, presented: &Presented, keys: &RefreshKeys) -> bool {
        let (Presented { client, token, .. }, grant) = (presented, &self.standing.grant);
        grant.client == client.id && keys.is_authentic_for_client(token, &grant.salt).is_ok_and(|ours| ours)
    }

    fn refresh(&mut self, presented: &Presented, rules: &Refreshing) -> Option<Granted> {
        let Presented { client, token, now, .. } = presented;
        let narrowed = self.check(presented)?;
        let grant = &mut self.standing.grant;
        let from = grant.generation;
        match present(grant, token.generation, *now, &rules.lifetimes(client)) {
            Decision::Keep | Decision::Rotate | Decision::Reissue(Reissue::Concurrent) => {}
            Decision::Reissue(Reissue::ResponseLost) => {
                tracing::info!(grant = %grant.id, "a refresh response was lost; its token is handed out again");
            }
            Decision::Reuse | Decision::Ended(_) | Decision::Unknown => return None,
        }
        self.used_from.get_or_insert(from);
        Some(self.give(presented, rules, narrowed))
    }

    /// What the token is to be for, if what the grant stands on still holds.
    fn check(&self, presented: &Presented) -> Option<(Scopes, Resources)> {
        let (Presented { client, narrowing, now, .. }, standing) = (presented, &self.standing);
        let narrowed = narrowing.of(&standing.grant.scopes, &standing.grant.resources).ok()?;
        rules::holds(standing, client, *now).then_some(narrowed)
    }

    /// What the grant gives as it stands.
    fn give(
        &self,
        presented: &Presented,
        rules: &Refreshing,
        (scopes, resources): (Scopes, Resources),
    ) -> Granted {
        let Standing { grant, user, groups, .. } = &self.standing;
        let (grant, user, groups) = (grant.clone(), user.clone(), groups.clone());
        let expires_at = access_token_expiry(rules.access_ttl, &presented.client, presented.now);
        Granted { grant, user, groups, scopes, resources, nonce: None, expires_at }
    }
}
