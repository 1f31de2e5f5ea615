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

/// The password was entered: lets go on what has waited.
pub fn go_on() {
    release(true);
}

/// The dialog is closed: what still waits gives up.
pub fn give_up(context: SessionContext) {
    release(false);
    context.asking.set(false);
}

fn release(entered: bool) {
    for waiting in WAITING.take() {
        // Gone with the page that it was for.
        let _ = waiting.send(entered);
    }
}
