//! Latchkey: self-hosted sign-in. One program serves an account portal to people and signed access tokens to services.
//!
//! | module | runs |
//! |---|---|
//! | [`app`] | on the server and in the browser: what people see |
//! | [`api`] | server functions: their bodies on the server, their calls in the browser |
//! | [`model`] | on both: types of the wire and their rules |
//! | `server` | on the server alone |

pub mod api;
pub mod app;
pub mod model;
#[cfg(feature = "ssr")]
pub mod server;

#[cfg(all(test, feature = "ssr"))]
mod tests;

/// Takes the server's HTML over in the browser.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
    // Tests, and whoever else needs to know, can see that the page is alive.
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}
