//! Exchanging the session cookie for an access token: once at a time in this tab, and in this browser.

use std::cell::RefCell;

use futures::{
    FutureExt,
    future::{Either, LocalBoxFuture, Shared, select},
};

use super::{
    events::{self, Event},
    http::{Request, Response},
    moving,
    session_move::{REFRESH, SessionMove},
    tab::Tab,
    this_tab,
    timer::sleep,
};
use crate::model::error::ApiError;

/// Milliseconds after which the page says that the server does not answer, while it is still waited for.
const SLOW: f64 = 5000.0;

type Outcome = Result<(), ApiError>;

thread_local! {
    static IN_FLIGHT: RefCell<Option<Shared<LocalBoxFuture<'static, Outcome>>>> = const { RefCell::new(None) };
}

/// Refreshes, or waits for the refresh that is in flight. The new token is in place when it returns, or nobody is
/// signed in here any more.
pub async fn refresh() -> Outcome {
    let shared =
        IN_FLIGHT.with_borrow_mut(|slot| slot.get_or_insert_with(|| run().boxed_local().shared()).clone());
    shared.await
}

async fn run() -> Outcome {
    let epoch = this_tab::read(Tab::epoch);
    let sent = moving::send(Request::new(REFRESH, String::new()), SessionMove::Refresh, epoch).boxed_local();
    let outcome = match select(sent, sleep(SLOW).boxed_local()).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), sent)) => {
            events::emit(Event::Unreachable);
            sent.await
        }
    };
    IN_FLIGHT.with_borrow_mut(Option::take);
    let error = match outcome.map(|outcome| outcome.and_then(Response::into_result)) {
        None | Some(Ok(_)) => return Ok(()),
        Some(Err(error)) => error,
    };
    if let Some(reason) = error.ends_session() {
        this_tab::ended(epoch, reason);
    }
    Err(error)
}
