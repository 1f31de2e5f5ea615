//! Latchkey: self-hosted sign-in. One program serves an account portal to people and signed access tokens to services.
//!
//! | module | runs |
//! |---|---|
//! | [`app`] | on the server and in the browser: what people see |
//! | [`api`] | server functions: their bodies on the server, their calls in the browser |
//! | [`client`] | in the browser: requests, the access token and its renewal |
//! | [`model`] | on both: types of the wire and their rules |
//! | `server` | on the server alone |

pub mod api;
pub mod app;
pub mod client;
pub mod model;
#[cfg(all(any(test, fuzzing), feature = "ssr"))]
pub mod properties;
#[cfg(feature = "ssr")]
pub mod server;

#[cfg(all(test, feature = "ssr"))]
mod tests;

/// Takes the server's HTML over in the browser, once the part of the client bundle that the page is in is there.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let path = leptos::prelude::window().location().pathname().unwrap_or_default();
    match app::parts::Part::of(&path) {
        None => take_over(),
        Some(part) => wasm_bindgen_futures::spawn_local(async {
            match part.load().await {
                Ok(()) => {
                    // The browser does first what waits for it.
                    client::timer::sleep(0.0).await;
                    take_over();
                }
                // The page stays what it is without JavaScript, and says so.
                Err(_) => mark("data-failed"),
            }
        }),
    }
}

#[cfg(feature = "hydrate")]
fn take_over() {
    leptos::mount::hydrate_body(app::App);
    // Tests, and whoever else needs to know, can see that the page is alive.
    mark("data-hydrated");
}

#[cfg(feature = "hydrate")]
fn mark(attribute: &str) {
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute(attribute, "");
    }
}
