//! The HTML document around the app.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use super::{App, components::footer::FOOT, page_data::PageData};

/// What somebody presses meanwhile is heard before the page is taken over.
const YIELD: &str = "await new Promise(next => setTimeout(next));";
/// Nothing that is needed later holds up what is to be read now. A tab that nobody sees is never painted.
const PAINTED: &str = "new Promise(next => { \
    new PerformanceObserver(next).observe({ type: 'paint', buffered: true }); setTimeout(next, 1000); })";
/// Fetches a file that is not needed yet.
const FETCH_AHEAD: &str = "href => document.head.append(Object.assign(document.createElement('link'), \
    { rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href }))";

/// The document. `script`, `wasm` and `style` are addresses of the client bundle, `accent` that of an operator's
/// colours, and `part` of what this page needs besides. It and the WASM load once the page is painted.
pub fn shell(
    script: &str,
    wasm: &str,
    style: &str,
    accent: Option<&str>,
    part: &[String],
) -> impl IntoView + use<> {
    let ahead = if part.is_empty() { String::new() } else { format!("{part:?}.forEach({FETCH_AHEAD});") };
    // A page that cannot be taken over says so: the style sheet shows it by this attribute.
    let start = format!(
        "const wasm = {PAINTED}.then(() => {{ const wasm = fetch('{wasm}'); {ahead} return wasm; }});\
         Promise.all([import('{script}'), wasm]).then(async ([client, wasm]) => {{ await client.default({{ module_or_path: wasm }}); {YIELD} client.hydrate(); }})\
         .catch(error => {{ document.documentElement.dataset.failed = ''; console.error(error); }});"
    );
    let theme = use_context::<PageData>().and_then(|page| page.theme.attribute());
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content=theme.unwrap_or("light dark")/>
                // Nothing is painted before the page is there to its foot: what is still to come would move it.
                <link rel="expect" href=format!("#{FOOT}") blocking="render"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="stylesheet" href=style.to_owned()/>
                {accent.map(|accent| view! { <link rel="stylesheet" href=accent.to_owned()/> })}
                <link rel="modulepreload" href=script.to_owned() nonce=use_nonce()/>
                <script type="module" nonce=use_nonce()>{start}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
