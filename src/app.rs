//! The app that people see: rendered on the server, then taken over by WASM. It never names `server`.

pub mod components;
pub mod document;
pub mod guard;
pub mod pages;
pub mod session;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use components::{header::Header, notice::ConnectionNotice};
pub use document::{Document, shell};
use guard::guarded;
use pages::{
    account::Account, dashboard::Dashboard, home::Home, keys::Keys, login::Login, not_found::NotFound,
    register::Register, setup::Setup,
};
use session::SessionContext;

/// The app: a header, and the page that the address names. What each page needs is in
/// [`crate::model::access::PAGES`].
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let document = Document::carried();
    let session = SessionContext::provide(document.session.clone());
    provide_context(document);
    // Effects run in the browser alone, after hydration.
    Effect::new(move |_| session.start());

    view! {
        <Title formatter=|title: String| if title.is_empty() { "Latchkey".to_owned() } else { format!("{title} · Latchkey") }/>
        <Router>
            <a class="skip" href="#main">"Skip to content"</a>
            <Header/>
            <ConnectionNotice/>
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=guarded(Home)/>
                    <Route path=path!("/login") view=guarded(Login)/>
                    <Route path=path!("/register") view=guarded(Register)/>
                    <Route path=path!("/setup") view=guarded(Setup)/>
                    <Route path=path!("/dashboard") view=guarded(Dashboard)/>
                    <Route path=path!("/account") view=guarded(Account)/>
                    <Route path=path!("/admin/keys") view=guarded(Keys)/>
                </FlatRoutes>
            </main>
        </Router>
    }
}
