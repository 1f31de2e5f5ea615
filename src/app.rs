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
mod routes;
pub mod session;
pub mod shell;
mod split;
mod title;

use leptos::prelude::*;
use leptos_router::components::Router;

use clock::Clock;
use components::{
    dialog::ReauthenticationDialog, footer::Footer, header::Header, notice::ConnectionNotice,
    press::keep_focus, reactive::on,
};
use hydrated::Hydrated;
use page_data::{Flashed, PageData};
use parts::load_ahead;
use routes::page_of_address;
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
                {page_of_address()}
            </main>
            <Footer/>
        </Router>
    }
}
