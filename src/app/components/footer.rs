//! The foot of every page: in which colours to see it.

use leptos::{ev::MouseEvent, prelude::*, task::spawn_local};

use super::{
    icon::{Icon, Sign},
    reactive::{on, text},
};
use crate::{
    app::page_data::PageData,
    client::http::Request,
    model::{query::encode, theme::Theme},
};

/// What takes the choice. It sets a cookie, so that the next page has its colours before its first pixel.
pub const APPEARANCE: &str = "/appearance";

/// The id of the last element of every page.
pub const FOOT: &str = "foot";

#[component]
pub fn Footer() -> impl IntoView {
    let page = expect_context::<PageData>();
    let chosen = RwSignal::new(page.theme);
    let choice = move |theme: Theme| {
        let icon = match theme {
            Theme::Automatic => Icon::Automatic,
            Theme::Light => Icon::Sun,
            Theme::Dark => Icon::Moon,
        };
        let choose = move |event: MouseEvent| {
            event.prevent_default();
            chosen.set(theme);
            apply(theme);
        };
        view! {
            <button type="submit" name="theme" value=theme.as_str() title=theme.label()
                aria-pressed=text(move || (chosen.get() == theme).to_string()) on:click=on(choose)>
                <Sign icon=icon/>
                <span class="unseen">{theme.label()}</span>
            </button>
        }
    };
    view! {
        <footer class="foot" id=FOOT>
            <span>{page.brand.name}</span>
            <form action=APPEARANCE method="post">
                <div class="appearance" role="group" aria-label="Appearance">{Theme::ALL.map(choice).collect_view()}</div>
            </form>
        </footer>
    }
}

/// Shows the page in these colours, and has them remembered. If the server is away, they last as long as the page.
fn apply(theme: Theme) {
    if let Some(root) = document().document_element() {
        // Refused only for names that are none.
        let _ = match theme.attribute() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
    let request = Request::new(APPEARANCE, encode([("theme", theme.as_str().to_owned())].iter()));
    spawn_local(async move {
        let _ = request.send(None).await;
    });
}
