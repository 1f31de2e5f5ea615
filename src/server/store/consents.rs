//! What people have allowed which client.

use serde::Deserialize;
use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{
    model::{
        id::UserId,
        oauth::{client_id::ClientId, resource::Resources, scope::Scopes},
    },
    server::clock::Timestamp,
};

/// A consent as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub scopes: Scopes,
    pub resources: Resources,
    pub granted_at: Timestamp,
}

#[derive(FromRow)]
struct ConsentRow {
    scopes: String,
    resources: String,
    granted_at: Timestamp,
}

impl Consent {
    /// Whether all of this was allowed.
    pub fn covers(&self, scopes: &Scopes, resources: &Resources) -> bool {
        scopes.is_subset(&self.scopes) && resources.is_subset(&self.resources)
    }
}

/// A consent in a row of something else, if there is one.
#[derive(Clone, FromRow, Deserialize)]
pub(super) struct JoinedConsent {
    consented_scopes: Option<String>,
    consented_resources: Option<String>,
    allowed_at: Option<Timestamp>,
}

/// The columns of [`JoinedConsent`].
macro_rules! joined_consent {
    () => {
        "k.scopes AS consented_scopes, k.resources AS consented_resources, k.granted_at AS allowed_at"
    };
}
pub(super) use joined_consent;

impl JoinedConsent {
    /// What this person has allowed.
    pub(super) fn of(self, user: &str) -> Result<Option<Consent>, StoreError> {
        let columns = self.consented_scopes.zip(self.consented_resources).zip(self.allowed_at);
        let row =
            columns.map(|((scopes, resources), granted_at)| ConsentRow { scopes, resources, granted_at });
        row.map(|row| row.of(user)).transpose()
    }
}

impl ConsentRow {
    fn of(self, user: &str) -> Result<Consent, StoreError> {
        Ok(Consent {
            scopes: Scopes::parse(&self.scopes).map_err(corrupt("oauth_consents", user))?,
            resources: Resources::parse(&self.resources).map_err(corrupt("oauth_consents", user))?,
            granted_at: self.granted_at,
        })
    }
}

statements! {
    FIND = "SELECT scopes, resources, granted_at FROM oauth_consents WHERE user_id = $1 AND client_id = $2";
    SET = "INSERT INTO oauth_consents (user_id, client_id, scopes, resources, granted_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, resources = excluded.resources,
               granted_at = excluded.granted_at";
    DELETE = "DELETE FROM oauth_consents WHERE user_id = $1 AND client_id = $2";
}

pub async fn find(
    db: &mut impl Queryable,
    user: &UserId,
    client: &ClientId,
) -> Result<Option<Consent>, StoreError> {
    let row: Option<ConsentRow> = fetch_optional!(db, FIND, user.as_str(), client.as_str())?;
    row.map(|row| row.of(user.as_str())).transpose()
}

/// Remembers what somebody has allowed a client, in place of what they had allowed it before.
pub async fn set(tx: &mut Tx, user: &UserId, client: &ClientId, consent: &Consent) -> Result<(), StoreError> {
    let (scopes, resources) = (consent.scopes.to_string(), consent.resources.to_string());
    execute!(tx, SET, user.as_str(), client.as_str(), scopes, resources, consent.granted_at)?;
    Ok(())
}

/// `false`: there was none.
pub async fn delete(tx: &mut Tx, user: &UserId, client: &ClientId) -> Result<bool, StoreError> {
    Ok(execute!(tx, DELETE, user.as_str(), client.as_str())? == 1)
}
