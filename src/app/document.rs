//! The HTML document around the app, and what the server tells the app with it.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;
use serde::{Deserialize, Serialize};

use super::App;
use crate::{
    api::form::FormFailure,
    model::{email::EmailAddress, session::SessionView},
};

/// What a page carries for its first rendering, the same on the server and in the browser. Nothing secret: it stands
/// in the HTML.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Document {
    pub session: Option<SessionView>,
    /// A form that was sent without JavaScript and refused.
    pub failure: Option<FormFailure>,
    pub registration_open: bool,
    /// On the setup page: whether its link works.
    pub setup_open: bool,
    /// On the page of an invitation: whom its link invites, if it works.
    pub invited: Option<EmailAddress>,
}

impl Document {
    /// On the server what the request's context provides, in the browser what the HTML carries.
    pub fn carried() -> Self {
        SharedValue::new(|| use_context::<Self>().unwrap_or_default()).into_inner()
    }
}

/// A form's failure, until the form has taken it: it is shown once, and not when somebody comes back to the page.
#[derive(Clone, Copy, Debug)]
pub struct LeftBehind(StoredValue<Option<FormFailure>>);

impl LeftBehind {
    pub fn provide(failure: Option<FormFailure>) {
        provide_context(Self(StoredValue::new(failure)));
    }

    /// The failure of the form of this function.
    pub fn take(function: &str) -> Option<FormFailure> {
        let Self(failure) = expect_context();
        let mut taken = None;
        failure.update_value(|failure| taken = failure.take_if(|failure| failure.function == function));
        taken
    }
}

/// The document. `script`, `wasm` and `style` are addresses of the browser's half.
pub fn shell(script: &str, wasm: &str, style: &str) -> impl IntoView + use<> {
    let start = format!(
        "import start, {{ hydrate }} from '{script}'; start({{ module_or_path: '{wasm}' }}).then(() => hydrate());"
    );
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=style.to_owned()/>
                <link rel="modulepreload" href=script.to_owned()/>
                <link rel="preload" href=wasm.to_owned() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{start}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
