//! What people see of the apps that they have allowed something.

use super::consent;
use crate::{
    model::{id::UserId, oauth::app::AllowedApp},
    server::{
        clock::Timestamp,
        error::Error,
        state::AppState,
        store::allowed_apps::{self, AllowedAppRecord},
    },
};

/// The apps that somebody has allowed something, and those that are trusted and have a session of theirs; by name.
pub async fn list(state: &AppState, user: &UserId) -> Result<Vec<AllowedApp>, Error> {
    let mut reader = state.store.read().await?;
    let records = allowed_apps::of_user(&mut reader, user).await?;
    Ok(records.into_iter().map(AllowedApp::from).collect())
}

impl From<AllowedAppRecord> for AllowedApp {
    fn from(record: AllowedAppRecord) -> Self {
        Self {
            may: consent::in_words(&record.scopes, &record.resources),
            client_id: record.client.to_string(),
            name: record.name.to_string(),
            developer: record.developer.map(|name| name.to_string()),
            trusted: record.trusted,
            since: record.since.to_utc(),
            last_used_at: record.last_used_at.map(Timestamp::to_utc),
        }
    }
}
