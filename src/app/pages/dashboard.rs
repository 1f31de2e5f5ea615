//! Where one arrives after signing in.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{app::session::SessionContext, model::role::Permission};

#[component]
pub fn Dashboard() -> impl IntoView {
    let session = SessionContext::get();
    let name =
        move || session.view.read().as_ref().map(|view| view.display_name.to_string()).unwrap_or_default();
    view! {
        <Title text="Dashboard"/>
        <h1>"Hello, "{name}</h1>
        <div class="panels">
            <section class="panel" aria-labelledby="member-panel">
                <h2 id="member-panel">"Your account"</h2>
                <p>"Your name, and how you sign in."</p>
                <p><a href="/account">"Open your account"</a></p>
            </section>
            <Panel permission=Permission::ReadNotices id="notices-panel" title="Notices"
                text="What the editors here have to tell." href="/notices" link="Read the notices"/>
            <Panel permission=Permission::Edit id="editor-panel" title="Editing"
                text="You are an editor: you may write for everyone here." href="/notices/edit" link="Write a notice"/>
            <Panel permission=Permission::ReadAdministration id="admin-panel" title="Administration"
                text="You are an administrator: people, sessions and keys are in your care." href="/admin/users" link="See all accounts"/>
        </div>
    }
}

/// A panel for those who may do what it is about.
#[component]
fn Panel(
    permission: Permission,
    id: &'static str,
    title: &'static str,
    text: &'static str,
    href: &'static str,
    link: &'static str,
) -> impl IntoView {
    let session = SessionContext::get();
    move || {
        session.allows(permission).then(|| {
            view! {
                <section class="panel" aria-labelledby=id>
                    <h2 id=id>{title}</h2>
                    <p>{text}</p>
                    <p><a href=href>{link}</a></p>
                </section>
            }
        })
    }
}
