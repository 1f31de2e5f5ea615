//! Renewal keeps a signed-in tab supplied with an access token: it refreshes ahead of expiry, and asks again with growing
//! pauses while the server is away. Nobody is signed out by a fault.

use leptos::{ev, prelude::window_event_listener, task::spawn_local};

use super::{
    events::{self, Event},
    pause::{take_wanted, until_woken, until_woken_or, wake, want_refresh},
    refresh::refresh,
    this_tab,
    timer::{jittered, sleep},
    token,
};

const FIRST_PAUSE: f64 = 1000.0;
const LONGEST_PAUSE: f64 = 30_000.0;

/// Runs for as long as the page lives. Timers may be late when a laptop wakes up, a network comes back or a tab is
/// looked at again.
pub fn start() {
    window_event_listener(ev::online, |_| wake());
    window_event_listener(ev::focus, |_| wake());
    spawn_local(renew());
}

async fn renew() {
    let mut pause = FIRST_PAUSE;
    // What the page shows needs no token. A slow device has been busy with that, and does first what it was asked for
    // meanwhile.
    sleep(0.0).await;
    loop {
        if !this_tab::is_signed_in() {
            until_woken().await;
            continue;
        }
        let wait = if take_wanted() { 0.0 } else { token::refresh_in() };
        if wait > 0.0 {
            until_woken_or(wait).await;
            continue;
        }
        let Err(error) = refresh().await else {
            pause = FIRST_PAUSE;
            continue;
        };
        if this_tab::is_signed_in() {
            events::emit(Event::Unreachable);
            want_refresh();
            #[expect(clippy::cast_precision_loss, reason = "seconds of a pause")]
            let asked = error.retry_after.map_or(0.0, |seconds| seconds as f64 * 1000.0);
            until_woken_or(jittered(pause.max(asked))).await;
            pause = (pause * 2.0).min(LONGEST_PAUSE);
        }
    }
}
