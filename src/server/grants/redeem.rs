//! Redeeming many codes with one commit.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};

use super::{Granted, access_token_expiry, narrowing::Narrowing, rules, together::Kind};
use crate::server::{
    clock::Timestamp,
    store::{
        Store, StoreError, Tx,
        clients::Client,
        codes::{self, AskedCodeRow, CodeRecord},
        grants,
        held_reader::HeldReader,
        standings::{self, Standing, StandingRow},
    },
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
    pub code_hash: Vec<u8>,
    pub verifier: String,
    pub redirect_uri: Option<String>,
    pub narrowing: Narrowing,
    pub now: Timestamp,
}

/// Why a code is not this client's to redeem. Nothing is changed by one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Client,
    Verifier,
    RedirectUri,
}

impl Presented {
    /// Whether it is this client's code, and the client holds what was agreed upon.
    pub fn check(&self, code: &CodeRecord) -> Result<(), Unfit> {
        let hashed = digest(&SHA256, self.verifier.as_bytes());
        if code.client != self.client.id {
            Err(Unfit::Client)
        } else if !VERIFIER.contains(&self.verifier.len())
            || verify_slices_are_equal(hashed.as_ref(), &code.challenge).is_err()
        {
            Err(Unfit::Verifier)
        } else if self.redirect_uri.as_ref().is_some_and(|uri| *uri != code.redirect_uri) {
            Err(Unfit::RedirectUri)
        } else {
            Ok(())
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
        reader: &mut HeldReader,
    ) -> Result<Vec<Option<Granted>>, StoreError> {
        let keys: Vec<_> = requests.iter().map(|presented| codes::key(&presented.code_hash)).collect();
        let asked: Vec<_> = keys.iter().map(String::as_str).collect();
        let mut found = reader.read::<AskedCodeRow>(&asked).await?;
        // Each is taken out: who presents the same one again goes alone, after the first.
        let code = |(presented, key): (&&Presented, &String)| {
            let code = CodeRecord::try_from(found.remove(key)?).ok()?;
            presented.check(&code).is_ok().then_some(code)
        };
        let fit: Vec<_> = requests.iter().zip(&keys).map(code).collect();
        if fit.iter().all(Option::is_none) {
            return Ok(requests.iter().map(|_| None).collect());
        }
        let mut tx = store.begin().await?;
        let ids: Vec<_> = fit.iter().flatten().map(|code| code.grant.as_str()).collect();
        let mut standings = standings::lock_free(&mut tx, &ids).await?;
        let mut outcomes: Vec<_> = requests
            .iter()
            .zip(fit)
            .map(|(presented, code)| self.redeem(presented, code?, &mut standings))
            .collect();
        let redeemed = consume(&mut tx, requests, &outcomes).await?;
        for (outcome, key) in outcomes.iter_mut().zip(&keys) {
            outcome.take_if(|_| !redeemed.contains(key));
        }
        let used = outcomes.iter().flatten().map(|granted| (granted.grant.generation, &granted.grant));
        grants::write_use(&mut tx, &used.collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}

impl Redeeming {
    fn redeem(
        &self,
        presented: &Presented,
        code: CodeRecord,
        standings: &mut HashMap<String, StandingRow>,
    ) -> Option<Granted> {
        let standing = Standing::try_from(standings.remove(code.grant.as_str())?).ok()?;
        let Presented { client, now, narrowing, .. } = presented;
        let (scopes, resources) = narrowing.of(&standing.grant.scopes, &standing.grant.resources).ok()?;
        if !rules::holds(&standing, client, *now) {
            return None;
        }
        let Standing { mut grant, user, .. } = standing;
        let expires_at = access_token_expiry(self.access_ttl, client, *now);
        grant.token_expires_at = expires_at;
        Some(Granted { grant, user, scopes, resources, nonce: code.nonce, expires_at })
    }
}

/// Consumes the codes of those who are to get something. Returns the keys of those that were good until now.
async fn consume(
    tx: &mut Tx,
    requests: &[&Presented],
    outcomes: &[Option<Granted>],
) -> Result<HashSet<String>, StoreError> {
    let wanted: Vec<_> = requests
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| outcome.is_some())
        .map(|(presented, _)| (presented.code_hash.as_slice(), presented.now))
        .collect();
    codes::redeem(tx, &wanted).await
}
