//! Requests that move the session: one at a time in all tabs of a browser, and each answer is applied before the next
//! request goes out. So no answer sets a cookie that an earlier one has replaced.

use super::{
    http::{Outcome, Request, Response, decode, second_step},
    lock::with_lock,
    session_move::{self, SessionMove},
    tab::{Decision, Epoch},
    this_tab,
    timer::sleep,
    token,
};
use crate::model::{
    error::ApiError,
    profile::Profile,
    query::encode,
    session::{SignOutReason, TokenResponse},
};

/// How long signing out waits for its turn, in milliseconds. Then it goes ahead: somebody who wants to leave is let go.
const SIGN_OUT_PATIENCE: f64 = 1000.0;
/// Pauses before what must not fail is tried, and tried again, in milliseconds.
const RETRY_PAUSES: [f64; 3] = [0.0, 1000.0, 3000.0];

/// Sends it when it is its turn, and applies the answer.
pub async fn send(request: Request, how: SessionMove, epoch: Epoch) -> Outcome {
    let patience = (how == SessionMove::SignOut).then_some(SIGN_OUT_PATIENCE);
    with_lock(Box::pin(run(request, how, epoch)), patience).await
}

async fn run(request: Request, how: SessionMove, epoch: Epoch) -> Outcome {
    // Waiting for the turn has taken a while.
    if !this_tab::read(|tab| tab.may_send(Some(how), epoch)) {
        return None;
    }
    let recovery = recovery(&request).await;
    let token = if how.needs_token() { token::current() } else { None };
    let outcome = request.send(token.as_deref()).await;
    match (outcome, recovery) {
        (Ok(response), _) if response.status < 400 => apply(response, how, epoch).await,
        (lost, Some(sign_in)) if lost.as_ref().map_or(true, |response| response.status >= 500) => {
            recover(lost, sign_in, epoch).await
        }
        (outcome, _) => Some(outcome),
    }
}

/// Applies an answer: it has moved the cookie already.
async fn apply(response: Response, how: SessionMove, epoch: Epoch) -> Outcome {
    let applied = match how {
        // Nothing has started where a second step follows.
        SessionMove::Start if second_step(&response.body).is_some() => Ok(()),
        SessionMove::Start => decode(response.body.clone()).map(this_tab::started),
        SessionMove::Refresh | SessionMove::Renew => match decode(response.body.clone()) {
            Ok(renewed) => return renew(response, renewed, epoch).await,
            Err(error) => Err(error),
        },
        SessionMove::SignOut => {
            decode(response.body.clone()).map(|()| this_tab::signed_out(SignOutReason::SignedOut))
        }
        SessionMove::Delete => {
            decode(response.body.clone()).map(|()| this_tab::signed_out(SignOutReason::AccountDeleted))
        }
    };
    Some(applied.map(|()| response))
}

async fn renew(response: Response, renewed: TokenResponse, epoch: Epoch) -> Outcome {
    match this_tab::renewed(epoch, renewed) {
        Decision::Adopt => Some(Ok(response)),
        Decision::SignOutAgain => {
            sign_out_again().await;
            None
        }
        _ => None,
    }
}

/// The person has left, and the answer has set a cookie once more: of a session that is over, or, after a change of
/// password, of one that goes on.
async fn sign_out_again() {
    for pause in RETRY_PAUSES {
        sleep(pause).await;
        if Request::new(session_move::SIGN_OUT, String::new()).send(None).await.is_ok() {
            return;
        }
    }
}

/// The request that signs in with the new password, for a change of password.
async fn recovery(request: &Request) -> Option<Request> {
    if request.path() != session_move::CHANGE_PASSWORD {
        return None;
    }
    let password = request.field("new_password")?;
    let asked = Request::new(session_move::PROFILE, String::new());
    let profile: Profile = asked.send(token::current().as_deref()).await.ok()?.decode().ok()?;
    let email = profile.email.to_string();
    Some(Request::new(session_move::SIGN_IN, encode([("email", email), ("password", password)].iter())))
}

/// The answer to a change of password was lost, and with it perhaps the cookie of the session that follows. Finds out
/// whether the password was changed, and signs in with the new one if it was.
async fn recover(lost: Result<Response, ApiError>, sign_in: Request, epoch: Epoch) -> Outcome {
    for pause in RETRY_PAUSES {
        sleep(pause).await;
        if !this_tab::read(|tab| tab.is_current(epoch)) {
            return None;
        }
        let refreshed = Request::new(session_move::REFRESH, String::new()).send(None).await;
        match refreshed.and_then(Response::decode::<TokenResponse>) {
            // The session goes on, so the password is the old one.
            Ok(renewed) => {
                this_tab::renewed(epoch, renewed);
                return Some(lost);
            }
            Err(error) if error.ends_session() == Some(SignOutReason::PasswordChanged) => {
                match sign_in.send(None).await {
                    // It was changed somewhere else, to another one; or the account needs a second step.
                    Ok(response) if response.status == 401 || second_step(&response.body).is_some() => {
                        this_tab::ended(epoch, SignOutReason::PasswordChanged);
                        return None;
                    }
                    Ok(response) if response.status < 400 => {
                        return apply(response, SessionMove::Renew, epoch).await;
                    }
                    _ => {}
                }
            }
            Err(error) => {
                if let Some(reason) = error.ends_session() {
                    this_tab::ended(epoch, reason);
                    return None;
                }
            }
        }
    }
    Some(lost)
}
