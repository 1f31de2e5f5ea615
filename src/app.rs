//! The app that people see: rendered on the server, then taken over by WASM. It never names `server`.

pub mod clock;
pub mod components;
pub mod guard;
pub mod hydrated;
mod kept;
mod list;
pub mod page_data;
pub mod pages;
pub mod parts;
mod query;
mod resource;
pub mod session;
pub mod shell;
mod split;
mod title;

use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use clock::Clock;
use components::{
    dialog::ReauthenticationDialog, footer::Footer, header::Header, notice::ConnectionNotice,
    press::keep_focus, reactive::on,
};
use guard::guarded;
use hydrated::Hydrated;
use page_data::{Flashed, PageData};
use pages::{home::Home, login::Login, not_found::NotFound, register::Register};
use parts::{load_ahead, on_demand};
use session::SessionContext;

/// The app: a header, and the page that the address names. What each page needs is in
/// [`crate::model::access::PAGES`].
#[component]
pub fn App() -> impl IntoView {
    title::provide();
    let page = PageData::carried();
    let session = SessionContext::provide(page.session.clone());
    Flashed::provide(page.failure.clone());
    Hydrated::provide();
    Clock::provide();
    provide_context(page);
    // Effects run in the browser alone, after hydration.
    Effect::new(move |_| session.start());
    load_ahead(session);

    view! {
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to content"</a>
            <Header/>
            <ConnectionNotice/>
            <ReauthenticationDialog/>
            <main id="main" tabindex="-1" on:mousedown=on(|event| keep_focus(&event))>
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=guarded(Home)/>
                    <Route path=path!("/login") view=guarded(Login)/>
                    <Route path=path!("/register") view=guarded(Register)/>
                    <Route path=path!("/setup") view=on_demand("/setup")/>
                    <Route path=path!("/consent") view=on_demand("/consent")/>
                    <Route path=path!("/device") view=on_demand("/device")/>
                    <Route path=path!("/dashboard") view=on_demand("/dashboard")/>
                    <Route path=path!("/account") view=on_demand("/account")/>
                    <Route path=path!("/login/second-step") view=on_demand("/login/second-step")/>
                    <Route path=path!("/login/email") view=on_demand("/login/email")/>
                    <Route path=path!("/login/link") view=on_demand("/login/link")/>
                    <Route path=path!("/account/security") view=on_demand("/account/security")/>
                    <Route path=path!("/account/password") view=on_demand("/account/password")/>
                    <Route path=path!("/account/sessions") view=on_demand("/account/sessions")/>
                    <Route path=path!("/account/apps") view=on_demand("/account/apps")/>
                    <Route path=path!("/invitation") view=on_demand("/invitation")/>
                    <Route path=path!("/reset") view=on_demand("/reset")/>
                    <Route path=path!("/forgot") view=on_demand("/forgot")/>
                    <Route path=path!("/register/finish") view=on_demand("/register/finish")/>
                    <Route path=path!("/confirm-email") view=on_demand("/confirm-email")/>
                    <Route path=path!("/restore-email") view=on_demand("/restore-email")/>
                    <Route path=path!("/notices") view=on_demand("/notices")/>
                    <Route path=path!("/notices/edit") view=on_demand("/notices/edit")/>
                    <Route path=path!("/admin/users") view=on_demand("/admin/users")/>
                    <Route path=path!("/admin/users/:id") view=on_demand("/admin/users/:id")/>
                    <Route path=path!("/admin/groups") view=on_demand("/admin/groups")/>
                    <Route path=path!("/admin/groups/:id") view=on_demand("/admin/groups/:id")/>
                    <Route path=path!("/admin/clients") view=on_demand("/admin/clients")/>
                    <Route path=path!("/admin/clients/:id") view=on_demand("/admin/clients/:id")/>
                    <Route path=path!("/admin/providers") view=on_demand("/admin/providers")/>
                    <Route path=path!("/admin/providers/:slug") view=on_demand("/admin/providers/:slug")/>
                    <Route path=path!("/admin/audit") view=on_demand("/admin/audit")/>
                    <Route path=path!("/admin/keys") view=on_demand("/admin/keys")/>
                </FlatRoutes>
            </main>
            <Footer/>
        </Router>
    }
}
