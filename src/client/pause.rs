//! The pause between two refreshes, which ends early when there is a reason.

use std::cell::{Cell, RefCell};

use futures::{
    FutureExt,
    channel::oneshot,
    future::{Either, select},
};

use super::timer::sleep;

thread_local! {
    static WAKE: RefCell<Option<oneshot::Sender<()>>> = const { RefCell::new(None) };
    /// Whether a refresh is wanted although the token is good.
    static DUE: Cell<bool> = const { Cell::new(false) };
}

/// Ends the pause: there may be something to do.
pub fn wake() {
    if let Some(sender) = WAKE.with_borrow_mut(Option::take) {
        let _ = sender.send(());
    }
}

/// Asks for a refresh now, whatever the token says.
pub fn want_refresh() {
    DUE.set(true);
    wake();
}

/// Whether a refresh was asked for. It is not asked for any more then.
pub fn take_wanted() -> bool {
    DUE.take()
}

pub async fn until_woken() {
    let (sender, woken) = oneshot::channel();
    WAKE.with_borrow_mut(|slot| *slot = Some(sender));
    let _ = woken.await;
}

/// At most so many milliseconds.
pub async fn until_woken_or(millis: f64) {
    match select(sleep(millis).boxed_local(), until_woken().boxed_local()).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}
