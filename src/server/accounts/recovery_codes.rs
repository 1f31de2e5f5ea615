//! Recovery codes in place of those before.

use super::factors::lock;
use crate::model::second_factor::SecondFactor;
use crate::server::{
    authentication::{
        factors::Factors,
        recovery_codes::{COUNT, generate, store},
    },
    change::Change,
    client_info::ActionContext,
    error::Error,
    mail::notice::Notice,
    principal::Principal,
    state::AppState,
    store::{
        audit::{Event, EventKind},
        factor_failures, users,
    },
};

/// Makes ten codes. Those from before work no more. Only where there is a second factor that they can stand in for.
pub async fn replace(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
) -> Result<Vec<String>, Error> {
    state.rate_limiter.check_change(&principal.user)?;
    let new = generate(state, context, COUNT).await?;
    let mut change = Change::begin(state, context).await?;
    let user = lock(&mut change, principal).await?;
    if !Factors::of(change.tx(), &user.id).await?.need_second_step() {
        return Err(Error::NotFound);
    }
    store(change.tx(), &user.id, &new).await?;
    factor_failures::clear(change.tx(), &user.id, SecondFactor::RecoveryCode).await?;
    users::raise_credential_epoch(change.tx(), &user.id).await?;
    let event = Event::new(EventKind::RecoveryCodesCreated).by(&user.id).about(&user.id);
    change.record(event.of(&principal.session)).await?;
    change.notify(&user, Notice::RecoveryCodesMade).await?;
    change.commit().await?;
    Ok(new.shown)
}
