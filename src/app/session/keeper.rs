//! Keeps a signed-in tab supplied: refreshes ahead of expiry, and while the server is away asks again with growing
//! pauses. Nobody is signed out by a fault.

use std::cell::{Cell, RefCell};

use futures::{
    FutureExt,
    channel::oneshot,
    future::{Either, select},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    Connection, SessionContext,
    refresh::refresh,
    timer::{jittered, sleep},
    token,
};

const FIRST_PAUSE: f64 = 1000.0;
const LONGEST_PAUSE: f64 = 30_000.0;

thread_local! {
    static CONTEXT: Cell<Option<SessionContext>> = const { Cell::new(None) };
    static WAKE: RefCell<Option<oneshot::Sender<()>>> = const { RefCell::new(None) };
    /// Whether a refresh is wanted although the token is good.
    static DUE: Cell<bool> = const { Cell::new(false) };
    /// Counts the keepers that were started; only the last one goes on.
    static RUN: Cell<u32> = const { Cell::new(0) };
}

/// Makes the session known to requests, which have no context of their own.
pub fn set_context(session: SessionContext) {
    CONTEXT.set(Some(session));
    // A laptop that wakes up, a network that comes back, a tab that is looked at again: timers may be late.
    window_event_listener(ev::online, |_| wake());
    window_event_listener(ev::focus, |_| wake());
}

pub fn context() -> Option<SessionContext> {
    CONTEXT.get()
}

pub fn start() {
    let run = RUN.get() + 1;
    RUN.set(run);
    wake();
    spawn_local(keep(run));
}

pub fn stop() {
    RUN.set(RUN.get() + 1);
    wake();
}

/// Ends the pause that the keeper is in, if it has a reason to act.
pub fn wake() {
    if let Some(sender) = WAKE.with_borrow_mut(Option::take) {
        let _ = sender.send(());
    }
}

/// Some request met no server: ask now whether it is there, and go on asking.
pub fn check() {
    DUE.set(true);
    wake();
}

async fn keep(run: u32) {
    let mut pause = FIRST_PAUSE;
    while RUN.get() == run {
        let wait = if DUE.take() { 0.0 } else { token::refresh_in() };
        if wait > 0.0 {
            sleep_until_woken(wait).await;
            continue;
        }
        match refresh().await {
            Ok(()) => pause = FIRST_PAUSE,
            // The session has been left; this keeper is no longer wanted.
            Err(error) if error.ends_session().is_some() => return,
            Err(error) => {
                context().inspect(|context| context.connection.set(Connection::Retrying));
                DUE.set(true);
                #[expect(clippy::cast_precision_loss, reason = "seconds of a pause")]
                let asked = error.retry_after.map_or(0.0, |seconds| seconds as f64 * 1000.0);
                sleep_until_woken(jittered(pause.max(asked))).await;
                pause = (pause * 2.0).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn sleep_until_woken(millis: f64) {
    let (sender, woken) = oneshot::channel();
    WAKE.with_borrow_mut(|slot| *slot = Some(sender));
    match select(sleep(millis).boxed_local(), woken).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}
