//! The browser's side of a session: who is signed in, and the access token that proves it.
//!
//! What is shown depends on [`SessionContext::view`] alone, which the page carries. The token lives in WASM memory,
//! is touched in effects and requests only, and never reaches anything that is rendered or stored.

mod broadcast;
pub mod client;
mod keeper;
mod lock;
pub mod reauth;
mod refresh;
mod timer;
mod token;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::components::form::FormState;
use crate::model::{
    access::{Access, Verdict},
    display_name::DisplayName,
    id::UserId,
    local_path::{LocalPath, query_value},
    role::{Permission, Roles},
    session::{Session, SessionView, SignOutReason},
};
use broadcast::News;

/// Whether the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    Online,
    /// It does not; it is asked again and again, and nobody is signed out for it.
    Retrying,
}

/// What every page may know of the session.
#[derive(Clone, Copy)]
pub struct SessionContext {
    pub view: RwSignal<Option<SessionView>>,
    pub connection: RwSignal<Connection>,
    /// Whether some request waits for the password to be entered again.
    pub asking: RwSignal<bool>,
    user: StoredValue<Option<UserId>>,
}

impl SessionContext {
    /// Makes it for the app, from what the page carries.
    pub fn provide(view: Option<SessionView>) -> Self {
        let session = Self {
            view: RwSignal::new(view),
            connection: RwSignal::new(Connection::Online),
            asking: RwSignal::new(false),
            user: StoredValue::new(None),
        };
        provide_context(session);
        session
    }

    pub fn get() -> Self {
        expect_context()
    }

    pub fn roles(self) -> Option<Roles> {
        self.view.read().as_ref().map(|view| view.roles)
    }

    pub fn is_signed_in(self) -> bool {
        self.view.read().is_some()
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.roles().is_some_and(|roles| roles.allow(permission))
    }

    /// After hydration: fetches an access token if somebody is signed in, and listens to the other tabs.
    pub fn start(self) {
        keeper::set_context(self);
        broadcast::listen(move |news| self.hear(news));
        if self.view.read_untracked().is_some() {
            keeper::start();
        }
    }

    /// Lets a form start the session in this tab, and goes on to `next` then.
    pub fn begin_with(self, form: FormState, next: LocalPath) {
        let navigate = use_navigate();
        form.on_success(move |started: Session| {
            broadcast::tell(&News::SignedIn(started.user.id.clone()));
            if self.is_anothers(&started) {
                go_to(next.as_str());
                return;
            }
            self.hold(&started);
            keeper::start();
            navigate(next.as_str(), NavigateOptions { replace: true, ..NavigateOptions::default() });
        });
    }

    /// Shows the name that a person goes by from now on.
    pub fn rename(self, name: DisplayName) {
        self.view.update(|view| {
            if let Some(view) = view {
                view.display_name = name;
            }
        });
    }

    /// Whether the page was made for somebody else. Then nothing on it is theirs, and a page must be loaded.
    fn is_anothers(self, session: &Session) -> bool {
        self.user.get_value().is_some_and(|known| known != session.user.id)
    }

    /// Takes over what a refresh has brought. Roles that have changed show at once.
    pub fn hold(self, session: &Session) {
        token::hold(session);
        self.connection.set(Connection::Online);
        if self.is_anothers(session) {
            reload();
            return;
        }
        self.user.set_value(Some(session.user.id.clone()));
        self.view.update(|view| match view {
            Some(view) => {
                view.display_name = session.user.display_name.clone();
                view.roles = session.user.roles;
            }
            None => *view = Some(SessionView::from(&session.user)),
        });
    }

    /// What the person did here has ended the session.
    pub fn signed_out(self, reason: SignOutReason) {
        broadcast::tell(&News::SignedOut(reason));
        token::forget();
        go_to(LocalPath::signed_out(reason).as_str());
    }

    /// The server says that the session is over.
    fn ended(self, reason: SignOutReason) {
        broadcast::tell(&News::SignedOut(reason));
        self.leave(reason);
    }

    /// Forgets everything. A page that needs somebody is left by loading the sign-in page, so that nothing of it
    /// stays in memory.
    fn leave(self, reason: SignOutReason) {
        token::forget();
        keeper::stop();
        let here = here();
        if Access::of(here.as_str().split('?').next().unwrap_or_default()).verdict(None) == Verdict::SignIn {
            go_to(&format!("{}&reason={}", here.behind_login(), query_value(reason.as_str())));
        } else {
            self.user.set_value(None);
            self.view.set(None);
        }
    }

    fn hear(self, news: News) {
        match news {
            News::SignedOut(reason) => {
                if self.view.read_untracked().is_some() {
                    self.leave(reason);
                }
            }
            News::SignedIn(user) => {
                let nobody = self.view.read_untracked().is_none();
                if nobody || self.user.get_value().is_some_and(|known| known != user) {
                    reload();
                }
            }
            News::Refreshed => keeper::wake(),
        }
    }
}

fn here() -> LocalPath {
    let location = window().location();
    let part = |part: Result<String, _>| part.unwrap_or_default();
    LocalPath::parse(&format!("{}{}", part(location.pathname()), part(location.search()))).unwrap_or_default()
}

fn go_to(path: &str) {
    // A navigation that the browser refuses leaves the page as it is, without its token.
    let _ = window().location().assign(path);
}

fn reload() {
    let _ = window().location().reload();
}
