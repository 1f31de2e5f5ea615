//! The app that people see: rendered on the server, then taken over by WASM. It never names `server`.

pub mod components;
mod data;
pub mod document;
pub mod guard;
pub mod pages;
mod query;
pub mod session;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use components::{dialog::ReauthenticationDialog, header::Header, notice::ConnectionNotice};
use document::LeftBehind;
pub use document::{Document, shell};
use guard::guarded;
use pages::{
    account::Account,
    audit::Audit,
    dashboard::Dashboard,
    home::Home,
    invitation::Invitation,
    keys::Keys,
    login::Login,
    not_found::NotFound,
    notices::{EditNotices, Notices},
    password::Password,
    register::Register,
    sessions::Sessions,
    setup::Setup,
    user::User,
    users::Users,
};
use session::SessionContext;

/// The app: a header, and the page that the address names. What each page needs is in
/// [`crate::model::access::PAGES`].
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let document = Document::carried();
    let session = SessionContext::provide(document.session.clone());
    LeftBehind::provide(document.failure.clone());
    provide_context(document);
    // Effects run in the browser alone, after hydration.
    Effect::new(move |_| session.start());

    view! {
        <Title formatter=|title: String| if title.is_empty() { "Latchkey".to_owned() } else { format!("{title} · Latchkey") }/>
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to content"</a>
            <Header/>
            <ConnectionNotice/>
            <ReauthenticationDialog/>
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=guarded(Home)/>
                    <Route path=path!("/login") view=guarded(Login)/>
                    <Route path=path!("/register") view=guarded(Register)/>
                    <Route path=path!("/setup") view=guarded(Setup)/>
                    <Route path=path!("/dashboard") view=guarded(Dashboard)/>
                    <Route path=path!("/account") view=guarded(Account)/>
                    <Route path=path!("/account/password") view=guarded(Password)/>
                    <Route path=path!("/account/sessions") view=guarded(Sessions)/>
                    <Route path=path!("/invitation") view=guarded(Invitation)/>
                    <Route path=path!("/notices") view=guarded(Notices)/>
                    <Route path=path!("/notices/edit") view=guarded(EditNotices)/>
                    <Route path=path!("/admin/users") view=guarded(Users)/>
                    <Route path=path!("/admin/users/:id") view=guarded(User)/>
                    <Route path=path!("/admin/audit") view=guarded(Audit)/>
                    <Route path=path!("/admin/keys") view=guarded(Keys)/>
                </FlatRoutes>
            </main>
        </Router>
    }
}
