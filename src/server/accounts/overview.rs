//! What the owner of an account sees first.

use crate::{
    model::overview::Overview,
    server::{clock::Timestamp, error::Error, principal::Principal, state::AppState},
};

pub async fn overview(state: &AppState, now: Timestamp, principal: &Principal) -> Result<Overview, Error> {
    state.loader.overview(&principal.session, now).await?.ok_or(Error::NotFound)
}
