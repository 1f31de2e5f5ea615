//! The browser's side of a session: who is signed in.
//!
//! What is shown depends on [`SessionContext::view`] alone, which the page carries. The access token stays in
//! [`crate::client`] and never reaches anything that is rendered or stored.

use js_sys::Reflect;
use leptos::prelude::*;

use crate::{
    client::{
        events::{self, Event},
        renewal, this_tab,
    },
    model::{
        access::{Access, Verdict},
        display_name::DisplayName,
        local_path::LocalPath,
        role::{Permission, Roles},
        second_factor::SecondFactorPolicy,
        session::{SessionView, SignOutReason, TokenResponse},
    },
};

/// What every page may know of the session.
#[derive(Clone, Copy)]
pub struct SessionContext {
    pub view: RwSignal<Option<SessionView>>,
    /// Whether the server can't be reached. It is asked again and again, and nobody is signed out for it.
    pub offline: RwSignal<bool>,
    /// Whether some request waits for the password to be entered again.
    pub step_up: RwSignal<bool>,
    /// Followed by parts of a page that must not be made anew when only the name has changed.
    roles: Memo<Option<Roles>>,
}

impl SessionContext {
    /// Makes it for the app, from what the page carries.
    pub fn provide(view: Option<SessionView>) -> Self {
        let view = RwSignal::new(view);
        let session = Self {
            view,
            offline: RwSignal::new(false),
            step_up: RwSignal::new(false),
            roles: Memo::new(move |_| view.read().as_ref().map(|view| view.roles)),
        };
        provide_context(session);
        session
    }

    pub fn get() -> Self {
        expect_context()
    }

    pub fn roles(self) -> Option<Roles> {
        self.roles.get()
    }

    /// What the session may not do, because it has proved one factor only.
    pub fn restricted(self) -> SecondFactorPolicy {
        self.view.read().as_ref().map(|view| view.restricted).unwrap_or_default()
    }

    pub fn is_signed_in(self) -> bool {
        self.roles().is_some()
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.roles().is_some_and(|roles| roles.allow(permission))
    }

    /// Whether the session may do it now: its roles allow it, and it has proved what that takes.
    pub fn may(self, permission: Permission) -> bool {
        self.allows(permission) && !self.restricted().restricts(permission)
    }

    /// After hydration: listens to the transport and to the other tabs, and fetches an access token if somebody is
    /// signed in.
    pub fn start(self) {
        events::subscribe(move |event| self.on_event(event));
        this_tab::start(self.view.read_untracked().as_ref().map(|view| view.session.clone()));
        renewal::start();
        reload_when_restored();
    }

    fn on_event(self, event: Event) {
        match event {
            Event::Refreshed(response) => self.show(&response),
            Event::SignedOut(reason) => go_to(LocalPath::signed_out(reason).as_str()),
            Event::Revoked(reason) => self.leave(reason),
            Event::Reload => reload(),
            Event::Unreachable => set_if_changed(self.offline, true),
            Event::StepUp(wanted) => set_if_changed(self.step_up, wanted),
        }
    }

    /// Shows a new display name, here and in the other tabs.
    pub fn rename(self, name: DisplayName) {
        let view = self.view.get_untracked();
        self.set_view(view.map(|view| SessionView { display_name: name, ..view }));
        this_tab::tell_change();
    }

    /// Shows what the server says of the user. Roles that have changed show at once.
    fn show(self, response: &TokenResponse) {
        set_if_changed(self.offline, false);
        let expires_at = self.view.read_untracked().as_ref().and_then(|view| view.expires_at.clone());
        self.set_view(Some(SessionView { expires_at, ..response.into() }));
    }

    /// A signal notifies even when it is set to an equal value. What follows it would be made anew, and with it a
    /// form whose request is in flight.
    fn set_view(self, view: Option<SessionView>) {
        set_if_changed(self.view, view);
    }

    /// Forgets everything. A page that needs somebody is left by loading the sign-in page, so that nothing of it stays
    /// in memory.
    fn leave(self, reason: SignOutReason) {
        let here = here();
        if Access::of(here.as_str().split('?').next().unwrap_or_default()).verdict(None) == Verdict::SignIn {
            this_tab::leave();
            go_to(here.login_because(reason).as_str());
        } else {
            set_if_changed(self.offline, false);
            self.set_view(None);
        }
    }
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if *signal.read_untracked() != value {
        signal.set(value);
    }
}

fn here() -> LocalPath {
    let location = window().location();
    let part = |part: Result<String, _>| part.unwrap_or_default();
    LocalPath::parse(&format!("{}{}", part(location.pathname()), part(location.search()))).unwrap_or_default()
}

/// Loads another page, as opposed to moving to it within the app.
pub fn go_to(path: &str) {
    // A navigation that the browser refuses leaves the page as it is, without its token.
    let _ = window().location().assign(path);
}

fn reload() {
    let _ = window().location().reload();
}

/// "Back" may bring a page as it was left, with whoever was signed in then and requests that are never answered.
fn reload_when_restored() {
    let restored = |event: &web_sys::Event| {
        Reflect::get(event, &"persisted".into()).is_ok_and(|value| value.is_truthy())
    };
    window_event_listener_untyped("pageshow", move |event| {
        if restored(&event) {
            reload();
        }
    });
}
