//! The document's title.

use leptos::prelude::expect_context;

use super::page_data::PageData;

/// Lets pages name themselves. Once, around all of them.
#[cfg(feature = "ssr")]
pub fn provide() {
    leptos_meta::provide_meta_context();
}

#[cfg(not(feature = "ssr"))]
pub fn provide() {}

/// Names the document after the page. Each page does, so nothing has to be undone when it is left. `title` may follow
/// signals.
pub fn set_title(title: impl Fn() -> String + Send + Sync + 'static) {
    let brand = expect_context::<PageData>().brand.name;
    show(move || {
        let title = title();
        if title.is_empty() { brand.clone() } else { format!("{title} · {brand}") }
    });
}

/// On the server it goes into the head of the page.
#[cfg(feature = "ssr")]
fn show(title: impl Fn() -> String + Send + Sync + 'static) {
    // It shows nothing where it stands.
    let _ = leptos_meta::Title(leptos_meta::TitleProps::builder().text(title).build());
}

/// `leptos_meta` keeps all titles, to go back to the one before. Here nobody goes back, so the browser need not load that.
#[cfg(not(feature = "ssr"))]
fn show(title: impl Fn() -> String + Send + Sync + 'static) {
    super::components::reactive::effect(move || leptos::prelude::document().set_title(&title()));
}
