//! What a passkey is good for: signing in, the second step of it, and proving again who one is.

use super::{reauthenticate, second_step};
use crate::{
    model::id::UserId,
    server::{
        authentication::{
            attempt::Attempt,
            ceremony::{Ceremony, Purpose},
            evidence::Evidence,
            passkey::{Answer, verify},
        },
        client_info::ActionContext,
        error::{Error, passkey::PasskeyError},
        principal::Principal,
        sessions::{
            Issued,
            start::{self, SignInMethod, Started},
            step_up::step_up,
        },
        state::AppState,
        tokens::refresh::token::RefreshToken,
        webauthn::assertion::Claim,
    },
};

/// What a browser has sent: the credential as JSON, and what it was given with the options.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    pub credential: &'a str,
    pub state: &'a str,
}

/// A ceremony and what claims to be the answer to it.
struct Received(Ceremony, Claim);

impl Received {
    fn parse(
        state: &AppState,
        context: ActionContext<'_>,
        sent: Sent<'_>,
        purpose: &Purpose,
    ) -> Result<Self, Error> {
        state.rate_limiter.check_network(context)?;
        let ceremony = Ceremony::open(state, context.now, sent.state, purpose)?;
        let claim = Claim::parse(sent.credential).map_err(|_| PasskeyError::Refused)?;
        Ok(Self(ceremony, claim))
    }

    fn answer<'a>(&'a self, of: Option<&'a UserId>) -> Answer<'a> {
        let Self(ceremony, claim) = self;
        Answer { ceremony, claim, of }
    }
}

/// Starts a session for whoever holds the passkey and has proved to it who they are: that is both steps in one.
/// `presented` is the refresh token that the browser held until now.
pub async fn sign_in(
    state: &AppState,
    context: ActionContext<'_>,
    sent: Sent<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    let received = Received::parse(state, context, sent, &Purpose::SignIn)?;
    let (change, user, evidence) = verify(state, context, received.answer(None)).await?;
    start::start(state, change, &user, evidence, SignInMethod::Passkey, presented).await
}

/// Starts the session of somebody who has taken the first step and holds a passkey of the same account.
pub async fn second_step(
    state: &AppState,
    context: ActionContext<'_>,
    attempt: &Attempt,
    sent: Sent<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Started, Error> {
    let received = Received::parse(state, context, sent, &attempt.passkey_purpose())?;
    let (change, user, evidence) = verify(state, context, received.answer(Some(&attempt.user))).await?;
    second_step::conclude(state, change, attempt, &user, evidence, presented).await
}

/// Proves again who is signed in, as [`super::reauthenticate`] does with the password.
pub async fn reauthenticate(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    sent: Sent<'_>,
    presented: Option<&RefreshToken>,
) -> Result<(Issued, Evidence), Error> {
    let purpose = Purpose::Reauthentication(principal.session.clone());
    let received = Received::parse(state, context, sent, &purpose)?;
    let (mut change, user, evidence) = verify(state, context, received.answer(Some(&principal.user))).await?;
    reauthenticate::record(&mut change, principal, evidence).await?;
    Ok((step_up(state, change, principal, &user, evidence, presented).await?, evidence))
}
