//! Exchanging the cookie for an access token: once at a time in this tab, and in this browser.

use std::{cell::RefCell, rc::Rc};

use futures::{
    FutureExt,
    future::{LocalBoxFuture, Shared},
};

use server_fn::ServerFn;

use super::{
    broadcast::{self, News},
    client::{AuthRequest, AuthResponse},
    keeper,
    lock::alone,
};
use crate::{
    api::{
        auth::Refresh,
        error::{ApiError, Code},
    },
    model::session::Session,
};

type Outcome = Result<Rc<Session>, ApiError>;

thread_local! {
    static UNDER_WAY: RefCell<Option<Shared<LocalBoxFuture<'static, Outcome>>>> = const { RefCell::new(None) };
}

/// Refreshes, or waits for the refresh that is under way. What it brings is in place when it returns; a session that
/// is over has been left.
pub async fn refresh() -> Result<(), ApiError> {
    let shared =
        UNDER_WAY.with_borrow_mut(|slot| slot.get_or_insert_with(|| run().boxed_local().shared()).clone());
    shared.await.map(drop)
}

async fn run() -> Outcome {
    let answer = Rc::new(RefCell::new(None));
    let slot = answer.clone();
    alone(async move {
        let outcome = AuthRequest::new(Refresh::PATH, String::new())
            .send_once(None)
            .await
            .and_then(AuthResponse::decode);
        *slot.borrow_mut() = Some(outcome);
    })
    .await;
    UNDER_WAY.with_borrow_mut(Option::take);
    let outcome = answer.borrow_mut().take();
    match outcome.unwrap_or_else(|| Err(ApiError::new(Code::Unreachable, "The page is going away."))) {
        Ok(session) => {
            keeper::context().inspect(|context| context.hold(&session));
            broadcast::tell(&News::Refreshed);
            Ok(Rc::new(session))
        }
        Err(error) => {
            if let (Some(reason), Some(context)) = (error.ends_session(), keeper::context()) {
                context.ended(reason);
            }
            Err(error)
        }
    }
}
