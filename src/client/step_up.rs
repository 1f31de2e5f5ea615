//! Requests that wait until the password has been entered again (step-up authentication, RFC 9470).

use std::cell::RefCell;

use futures::channel::oneshot;

use super::events::{self, Event};

thread_local! {
    static WAITING: RefCell<Vec<oneshot::Sender<bool>>> = const { RefCell::new(Vec::new()) };
}

/// Asks for the password and waits. Whether it was entered.
pub(super) async fn request() -> bool {
    let (sender, confirmed) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.push(sender));
    events::emit(Event::StepUp(true));
    confirmed.await.unwrap_or(false)
}

/// The password was entered: what waits is sent again.
pub fn confirm() {
    release(true);
}

/// The dialog was closed, or whoever was asked has left: what still waits is given up.
pub fn cancel() {
    release(false);
    events::emit(Event::StepUp(false));
}

fn release(confirmed: bool) {
    for waiting in WAITING.take() {
        // The request may have gone with its page.
        let _ = waiting.send(confirmed);
    }
}
