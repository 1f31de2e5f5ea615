//! The tab that this program runs in: its belief, and what follows from a decision about it.

use std::{cell::RefCell, rc::Rc};

use super::{
    events::{self, Event},
    message::Message,
    pause, step_up,
    tab::{Decision, Epoch, Tab},
    tabs, token,
};
use crate::model::session::{HeldSession, SignOutReason, TokenResponse};

thread_local! {
    static TAB: RefCell<Tab> = RefCell::new(Tab::default());
}

/// Begins with what the page was rendered for, and listens to the other tabs.
pub fn start(held: Option<HeldSession>) {
    let for_nobody = held.is_none();
    TAB.set(Tab::of(held));
    tabs::listen(|message| {
        let decision = TAB.with_borrow_mut(|tab| tab.told(&message));
        carry_out(decision);
    });
    if for_nobody {
        tabs::post(&Message::Anyone);
    }
}

/// Whether this tab belongs to a session: then requests carry an access token.
pub fn is_signed_in() -> bool {
    TAB.with_borrow(Tab::is_signed_in)
}

/// Whether another page is being loaded in place of this one.
pub fn is_leaving() -> bool {
    TAB.with_borrow(Tab::is_leaving)
}

/// Another page is loaded in place of this one: nothing that arrives from now on counts.
pub fn leave() {
    TAB.with_borrow_mut(Tab::leave);
}

/// Tells the other tabs that what the server says of this person has changed.
pub fn tell_change() {
    if let Some(held) = TAB.with_borrow(|tab| tab.held().cloned()) {
        tabs::post(&Message::Changed(held));
    }
}

pub(super) fn read<T>(read: impl FnOnce(&Tab) -> T) -> T {
    TAB.with_borrow(read)
}

/// A session was started here.
pub(super) fn started(response: TokenResponse) {
    let held = HeldSession::from(&response);
    tabs::post(&Message::SignedIn(held.clone()));
    if TAB.with_borrow_mut(|tab| tab.started(held)) == Decision::Adopt {
        adopt(response);
    }
    pause::wake();
}

/// An access token was answered to a request of this epoch.
pub(super) fn renewed(epoch: Epoch, response: TokenResponse) -> Decision {
    let held = HeldSession::from(&response);
    let decision = TAB.with_borrow_mut(|tab| tab.renewed(epoch, held.clone()));
    if decision == Decision::Adopt {
        adopt(response);
        tabs::post(&Message::Refreshed(held));
    } else {
        carry_out(decision);
    }
    decision
}

/// A refresh of this epoch was told that the session is over.
pub(super) fn ended(epoch: Epoch, reason: SignOutReason) {
    let held = TAB.with_borrow(|tab| tab.held().cloned());
    let decision = TAB.with_borrow_mut(|tab| tab.ended(epoch, reason));
    if let (Decision::SignOut(_), Some(held)) = (decision, held) {
        tabs::post(&Message::SignedOut(held, reason));
    }
    carry_out(decision);
}

/// The session was ended here.
pub(super) fn signed_out(reason: SignOutReason) {
    if let Some(held) = TAB.with_borrow(|tab| tab.held().cloned()) {
        tabs::post(&Message::SignedOut(held, reason));
    }
    TAB.with_borrow_mut(Tab::signed_out);
    forget();
    events::emit(Event::SignedOut(reason));
}

fn adopt(response: TokenResponse) {
    token::set(&response);
    events::emit(Event::Refreshed(Rc::new(response)));
}

fn forget() {
    token::clear();
    step_up::cancel();
    pause::wake();
}

fn carry_out(decision: Decision) {
    match decision {
        Decision::Reload => {
            forget();
            events::emit(Event::Reload);
        }
        Decision::SignOut(reason) => {
            forget();
            events::emit(Event::Revoked(reason));
        }
        Decision::Refresh => pause::want_refresh(),
        Decision::Wake => pause::wake(),
        // Whoever has the answer in hand does these.
        Decision::Ignore | Decision::Adopt | Decision::SignOutAgain => {}
    }
}
