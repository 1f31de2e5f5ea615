//! Notices that stand above a page.

use leptos::prelude::*;

use super::{
    icon::{Icon, Sign},
    reactive::reactive,
};
use crate::app::session::SessionContext;

/// Says that the server is away, as long as it is.
#[component]
pub fn ConnectionNotice() -> impl IntoView {
    let offline = SessionContext::get().offline;
    view! {
        <div role="status" class="connection">
            {reactive(move || {
                offline.get().then(|| view! { <p>"The server can't be reached. Trying again… You are still signed in."</p> })
            })}
        </div>
    }
}

/// Something that its reader should look at, and where.
#[component]
pub fn Attention(text: String, href: &'static str, link: &'static str) -> impl IntoView {
    view! {
        <div class="attention">
            <Sign icon=Icon::Warning/>
            <p>{text}" "<a href=href>{link}</a></p>
        </div>
    }
}

/// Says who is signed in, on a page whose form is for somebody else.
#[component]
pub fn SignedInAs(
    /// What the form does to them.
    then: &'static str,
) -> impl IntoView {
    let session = SessionContext::get();
    reactive(move || {
        session.view.read().as_ref().map(|view| {
            let name = view.display_name.to_string();
            view! { <p class="reason">"You are signed in as "<strong>{name}</strong>". "{then}</p> }
        })
    })
}
