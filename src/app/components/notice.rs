//! Notices that stand above a page.

use leptos::prelude::*;

use super::live::live;
use crate::app::session::{Connection, SessionContext};

/// Says that the server is away, as long as it is.
#[component]
pub fn ConnectionNotice() -> impl IntoView {
    let connection = SessionContext::get().connection;
    view! {
        <div role="status" class="connection">
            {live(move || {
                (connection.get() == Connection::Retrying)
                    .then(|| view! { <p>"The server can't be reached. Trying again… You stay signed in."</p> })
            })}
        </div>
    }
}
