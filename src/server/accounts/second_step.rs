//! The second step of signing in.

use crate::{
    model::second_factor::{OneTimeCode, UsableFactors},
    server::{
        authentication::{attempt::Attempt, evidence::Evidence, factors::Factors, second_factor},
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        sessions::start::{self, SignInMethod, Started},
        state::AppState,
        store::{
            audit::{Event, EventKind},
            users::{self, User},
        },
        tokens::refresh::token::RefreshToken,
    },
};

/// What the second step can be done with now; nothing if the attempt counts no more.
pub async fn usable(
    state: &AppState,
    now: Timestamp,
    attempt: &Attempt,
) -> Result<Option<UsableFactors>, Error> {
    let mut reader = state.store.read().await?;
    let user = users::by_id(&mut reader, &attempt.user).await?.filter(|user| attempt.is_about(user));
    let Some(user) = user else { return Ok(None) };
    let factors = Factors::of(&mut reader, &user.id).await?;
    let wait = factors.recovery_codes_wait(now).map(|wait| wait.as_secs().div_ceil(60).max(1));
    Ok(Some(UsableFactors { factors: factors.usable(now), recovery_codes_in: wait }))
}

/// Starts the session of somebody who has taken the first step and knows a code of the account's second factor.
/// `presented` is the refresh token that the browser held until now.
pub async fn finish(
    state: &AppState,
    context: ActionContext<'_>,
    attempt: &Attempt,
    code: &OneTimeCode,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    state.rate_limiter.check_network(context)?;
    let prepared = second_factor::prepare(state, context, &attempt.user, code).await?;
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), &attempt.user).await?;
    let user = user.filter(|user| attempt.is_about(user)).ok_or(Error::AttemptClosed)?;
    let failure = Event::new(EventKind::SignInFailed);
    let (change, evidence) = second_factor::verify(state, change, &user, &prepared, failure).await?;
    conclude(state, change, attempt, &user, evidence, presented).await
}

/// Starts the session of an attempt whose second step was right, which uses the attempt up. The account is held by
/// `change`.
pub(super) async fn conclude(
    state: &AppState,
    mut change: Change<'_>,
    attempt: &Attempt,
    user: &User,
    evidence: Evidence,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    if !attempt.is_about(user) || !attempt.use_up(change.tx()).await? {
        return Err(Error::AttemptClosed);
    }
    let evidence = attempt.evidence.and(evidence);
    let method = SignInMethod::SecondStep(attempt.upstream.as_ref());
    start::start(state, change, user, evidence, method, presented).await
}
