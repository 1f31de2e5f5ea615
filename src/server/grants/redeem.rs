//! Redeeming many codes with one commit.

use std::{collections::HashMap, ops::RangeInclusive, sync::Arc, time::Duration};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};

use super::{Granted, access_token_expiry, narrowing::Narrowing, rules, together::Kind};
use crate::server::{
    clock::Timestamp,
    store::{
        Store, StoreError,
        clients::Client,
        grants::{self, CodeRecord, GrantRecord},
        held_reader::HeldReader,
        standings::{self, Standing, StandingRow},
    },
    tokens::authorization_code::AuthorizationCode,
};

/// The shortest and the longest verifier (RFC 7636 §4.1).
const VERIFIER: RangeInclusive<usize> = 43..=128;

pub struct Redeeming {
    pub access_ttl: Duration,
}

/// A code that a client presents, with what proves that it is the one that asked.
#[derive(Clone)]
pub struct Presented {
    pub client: Arc<Client>,
    pub code: AuthorizationCode,
    pub verifier: String,
    pub redirect_uri: Option<String>,
    pub narrowing: Narrowing,
    pub now: Timestamp,
}

/// Why a code is not this client's to redeem. Nothing is changed by one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is none, or another client's.
    Code,
    Verifier,
    RedirectUri,
}

impl Presented {
    /// The code of the grant, if it is this one and this client's, and the client holds what was agreed upon.
    pub fn find<'a>(&self, grant: &'a GrantRecord) -> Result<&'a CodeRecord, Unfit> {
        let is_this = |code: &&CodeRecord| grant.client == self.client.id && self.code.has_hash(&code.hash);
        let code = grant.code.as_ref().filter(is_this).ok_or(Unfit::Code)?;
        let hashed = digest(&SHA256, self.verifier.as_bytes());
        if !VERIFIER.contains(&self.verifier.len())
            || verify_slices_are_equal(hashed.as_ref(), &code.challenge).is_err()
        {
            Err(Unfit::Verifier)
        } else if self.redirect_uri.as_ref().is_some_and(|uri| *uri != code.redirect_uri) {
            Err(Unfit::RedirectUri)
        } else {
            Ok(code)
        }
    }
}

impl Kind for Redeeming {
    type Request = Presented;
    type Outcome = Granted;

    async fn decide(
        &self,
        requests: &[&Presented],
        store: &Store,
        _: &mut HeldReader,
    ) -> Result<Vec<Option<Granted>>, StoreError> {
        let ids: Vec<_> = requests.iter().map(|presented| presented.code.grant.as_str()).collect();
        let (tx, mut standings) = standings::begin_with(store, &ids).await?;
        let outcomes: Vec<_> =
            requests.iter().map(|presented| self.redeem(presented, &mut standings)).collect();
        let redeemed = requests.iter().zip(&outcomes);
        let redeemed =
            redeemed.filter_map(|(presented, outcome)| Some((&outcome.as_ref()?.grant.id, presented.now)));
        tx.commit_with(vec![grants::redeeming(&redeemed.collect::<Vec<_>>())]).await?;
        Ok(outcomes)
    }
}

impl Redeeming {
    /// What the code gives. Its grant is taken out: who presents the same one again goes alone, after the first.
    fn redeem(&self, presented: &Presented, standings: &mut HashMap<String, StandingRow>) -> Option<Granted> {
        let standing = Standing::try_from(standings.remove(presented.code.grant.as_str())?).ok()?;
        let Presented { client, now, narrowing, .. } = presented;
        let code = presented.find(&standing.grant).ok().filter(|code| code.is_good(*now))?;
        let (scopes, resources) = narrowing.of(&standing.grant.scopes, &standing.grant.resources).ok()?;
        if !rules::holds(&standing, client, *now) {
            return None;
        }
        let nonce = code.nonce.clone();
        let Standing { grant, user, groups, .. } = standing;
        let expires_at = access_token_expiry(self.access_ttl, client, *now);
        Some(Granted { grant, user, groups, scopes, resources, nonce, expires_at })
    }
}
