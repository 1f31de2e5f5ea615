//! Taking over the accounts of another program, with their password hashes.
//!
//! An account that is there already is left as it is: so an import that was stopped is begun again from its first line.

pub mod candidate;
pub mod file;

use std::io::{self, BufRead};

use serde_json::json;

use crate::{
    model::id::UserId,
    server::{
        client_info::ActionContext,
        crypto::entropy::Entropy,
        error::Error,
        passwords::hasher::Hasher,
        store::{
            Store, Tx,
            audit::{self, Event, EventKind},
            imported_hashes,
            users::{self, User},
        },
    },
};
use candidate::{Candidate, Refused};
use file::AccountFile;

/// Accounts in one transaction. It holds SQLite's one writer, for which a running server waits.
const BATCH: usize = 100;

/// What an import has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub added: usize,
    /// Accounts with an address that had one already.
    pub present: usize,
    pub refused: usize,
}

/// Why an import stopped. What was added before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file can't be read: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Server(#[from] Error),
}

/// Where accounts are imported to.
#[derive(Clone, Copy, Debug)]
pub struct Importer<'a> {
    pub store: &'a Store,
    pub hasher: &'a Hasher,
    pub entropy: &'a Entropy,
    pub context: ActionContext<'a>,
}

impl Importer<'_> {
    /// Adds the accounts of a file, in batches. Hands every line that is refused to `report`.
    pub async fn import<R: BufRead>(
        self,
        mut file: AccountFile<R>,
        mut report: impl FnMut(u64, &Refused),
    ) -> Result<Tally, ImportError> {
        let (mut tally, mut batch) = (Tally::default(), Vec::with_capacity(BATCH));
        while let Some((line, row)) = file.next_line()? {
            match row.and_then(|fields| Candidate::parse(fields, self.context.now)) {
                Ok(candidate) => batch.push(candidate),
                Err(refused) => {
                    report(line, &refused);
                    tally.refused += 1;
                }
            }
            if batch.len() == BATCH {
                self.add_all(&mut tally, &mut batch).await?;
            }
        }
        self.add_all(&mut tally, &mut batch).await?;
        Ok(tally)
    }

    /// Adds those of a batch whose address has no account, and empties it.
    async fn add_all(self, tally: &mut Tally, batch: &mut Vec<Candidate>) -> Result<(), Error> {
        let (mut tx, mut added) = (self.store.begin().await?, 0);
        for candidate in &*batch {
            added += usize::from(self.add(&mut tx, candidate).await?);
        }
        tx.commit().await?;
        tally.added += added;
        tally.present += batch.len() - added;
        batch.clear();
        Ok(())
    }

    /// Adds an account with its events, unless its address has one.
    async fn add(self, tx: &mut Tx, candidate: &Candidate) -> Result<bool, Error> {
        let Self { hasher, entropy, context, .. } = self;
        let id = UserId::parse(&entropy.uuid(context.now)?)?;
        let (email, name) = (candidate.email.clone(), candidate.display_name.clone());
        let user = User {
            password_hash: candidate.password_hash.as_ref().map(|hash| hash.text.clone()),
            email_verified_at: candidate.verified.then_some(context.now),
            ..User::new(id, email, name, candidate.roles, candidate.created_at)
        };
        if !users::insert(tx, &user).await? {
            return Ok(false);
        }
        if let Some(hash) = candidate.password_hash.as_ref().filter(|hash| hasher.renews(&hash.parsed)) {
            imported_hashes::insert(tx, &user.id, &hash.parsed.kind()).await?;
        }
        let detail = json!({ "by": "import", "roles": user.roles.to_string() });
        audit::record(tx, context, &Event::new(EventKind::AccountCreated).about(&user.id).with(detail))
            .await?;
        if candidate.verified {
            audit::record(tx, context, &Event::new(EventKind::EmailVerified).about(&user.id)).await?;
        }
        Ok(true)
    }
}
