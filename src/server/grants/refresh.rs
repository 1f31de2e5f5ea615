//! Refreshing many grants with one commit.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Granted, access_token_expiry, narrowing::Narrowing, rules, together::Kind};
use crate::server::{
    clock::Timestamp,
    config::SessionConfig,
    store::{
        Store, StoreError,
        clients::Client,
        grant_proofs::{GrantProof, GrantProofRow},
        grants::{self, GrantRecord},
        held_reader::HeldReader,
        standings::{self, Standing, StandingRow},
    },
    tokens::refresh::{
        client_token::ClientRefreshToken,
        grant::present,
        rotation::{Decision, Reissue},
        token::RefreshKeys,
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
        let known = reader.read::<GrantProofRow>(&asked).await?;
        // Nothing is locked for a token that is none of ours.
        let is_ours = |presented: &Presented| self.is_ours(presented, &known);
        let ours: Vec<_> = requests.iter().map(|presented| is_ours(presented)).collect();
        let ids: Vec<_> =
            asked.iter().zip(&ours).filter(|(_, is_ours)| **is_ours).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(requests.iter().map(|_| None).collect());
        }
        let mut tx = store.begin().await?;
        let mut members = Members::new(standings::lock_free(&mut tx, &ids).await?);
        let decide = |(presented, is_ours): (&&Presented, &bool)| {
            if *is_ours { members.refresh(presented, self) } else { None }
        };
        let outcomes = requests.iter().zip(&ours).map(decide).collect();
        grants::write_use(&mut tx, &members.used()).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}

impl Refreshing {
    /// Whether the program has made this token for this client.
    fn is_ours(&self, presented: &Presented, known: &HashMap<String, GrantProofRow>) -> bool {
        let Presented { client, token, .. } = presented;
        let proof = known.get(token.grant.as_str()).cloned().map(GrantProof::try_from);
        let Some(Ok(proof)) = proof else { return false };
        proof.client == client.id
            && self.keys.is_authentic_for_client(token, &proof.salt).is_ok_and(|ours| ours)
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
    fn refresh(&mut self, presented: &Presented, rules: &Refreshing) -> Option<Granted> {
        let Presented { client, token, narrowing, now } = presented;
        let (scopes, resources) =
            narrowing.of(&self.standing.grant.scopes, &self.standing.grant.resources).ok()?;
        if !rules::holds(&self.standing, client, *now) {
            return None;
        }
        let grant = &mut self.standing.grant;
        let from = grant.generation;
        let lifetimes = rules::RefreshRules::of(client).config(&rules.sessions);
        match present(grant, token.generation, *now, &lifetimes) {
            Decision::Keep | Decision::Rotate | Decision::Reissue(Reissue::Concurrent) => {}
            Decision::Reissue(Reissue::ResponseLost) => {
                tracing::info!(grant = %grant.id, "a refresh response was lost; its token is handed out again");
            }
            Decision::Reuse | Decision::Ended(_) | Decision::Unknown => return None,
        }
        self.used_from.get_or_insert(from);
        let expires_at = access_token_expiry(rules.access_ttl, client, *now);
        let (grant, user) = (grant.clone(), self.standing.user.clone());
        let groups = self.standing.groups.clone();
        Some(Granted { grant, user, groups, scopes, resources, nonce: None, expires_at })
    }
}
