//! Requests that wait until the password has been entered again.

use std::cell::RefCell;

use futures::channel::oneshot;
use leptos::prelude::Set;

use super::{SessionContext, keeper};

thread_local! {
    static WAITING: RefCell<Vec<oneshot::Sender<bool>>> = const { RefCell::new(Vec::new()) };
}

/// Opens the dialog and waits. Whether the password was entered.
pub async fn ask() -> bool {
    let Some(context) = keeper::context() else { return false };
    let (sender, answered) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.push(sender));
    context.asking.set(true);
    answered.await.unwrap_or(false)
}

/// Closes the dialog, and lets what has waited go on or give up.
pub fn answer(context: SessionContext, entered: bool) {
    for waiting in WAITING.take() {
        // Gone with the page that it was for.
        let _ = waiting.send(entered);
    }
    context.asking.set(false);
}
