//! What the transport tells the app. Requests have no component and outlive each of them, so they tell it through
//! this one subscription.

use std::{cell::RefCell, rc::Rc};

use crate::model::session::{SignOutReason, TokenResponse};

/// Something that the app may want to show.
#[derive(Clone, Debug)]
pub enum Event {
    /// There is a new access token, and what the server says of its user.
    Refreshed(Rc<TokenResponse>),
    /// The session was ended by what somebody did on this page.
    SignedOut(SignOutReason),
    /// The session is over: ended in another tab, elsewhere or by itself.
    Revoked(SignOutReason),
    /// The browser is another person's by now, and the page is not for them.
    Reload,
    /// The server can't be reached; it is asked again and again.
    Unreachable,
    /// Whether a request waits for the password to be entered again.
    StepUp(bool),
}

type Subscriber = Rc<dyn Fn(Event)>;

thread_local! {
    static SUBSCRIBER: RefCell<Option<Subscriber>> = const { RefCell::new(None) };
}

/// Calls `subscriber` with every event from now on. There is one app, and so one subscriber.
pub fn subscribe(subscriber: impl Fn(Event) + 'static) {
    SUBSCRIBER.with_borrow_mut(|slot| *slot = Some(Rc::new(subscriber)));
}

pub(super) fn emit(event: Event) {
    // Not borrowed during the call: the subscriber may cause another event.
    let subscriber = SUBSCRIBER.with_borrow(Clone::clone);
    if let Some(subscriber) = subscriber {
        subscriber(event);
    }
}
