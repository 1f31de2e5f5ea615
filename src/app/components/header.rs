//! The head of every page: where one can go, and the way out.

use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_location;

use super::{
    form::{Form, FormState, Submit},
    live::live,
};
use crate::{
    api::auth::Logout,
    app::{document::Document, session::SessionContext},
    model::{role::Permission, session::SignOutReason},
};

#[component]
pub fn Header() -> impl IntoView {
    let session = SessionContext::get();
    let registration_open = expect_context::<Document>().registration_open;
    view! {
        <header class="top">
            <a class="brand" href="/"><span class="mark" aria-hidden="true"></span>"Latchkey"</a>
            {live(move || {
                if session.is_signed_in() {
                    Either::Left(view! {
                        <nav aria-label="Main">
                            <NavLink href="/dashboard" text="Dashboard"/>
                            <NavLink href="/notices" text="Notices"/>
                            <NavLink href="/account" text="Account"/>
                            {session.allows(Permission::ReadAdministration).then(|| view! {
                                <NavLink href="/admin/users" text="Accounts"/>
                                <NavLink href="/admin/audit" text="Audit log"/>
                                <NavLink href="/admin/keys" text="Keys"/>
                            })}
                        </nav>
                        <SignOut/>
                    })
                } else {
                    Either::Right(view! {
                        <nav aria-label="Main">
                            <NavLink href="/login" text="Sign in"/>
                            {registration_open.then(|| view! { <NavLink href="/register" text="Sign up"/> })}
                        </nav>
                    })
                }
            })}
        </header>
    }
}

/// A link that shows whether one is there.
#[component]
pub fn NavLink(href: &'static str, text: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    view! { <a href=href aria-current=move || (*path.read() == href).then_some("page")>{text}</a> }
}

/// Signs out; works without JavaScript too.
#[component]
fn SignOut() -> impl IntoView {
    let form = FormState::of::<Logout>();
    let session = SessionContext::get();
    form.on_success(move |()| session.signed_out(SignOutReason::SignedOut));
    view! {
        <div class="sign-out">
            <Form form=form>
                <Submit form=form label="Sign out" class=""/>
            </Form>
            <div role="alert">
                {live(move || form.error.read().is_some().then_some("You are not signed out yet: the server can't be reached."))}
            </div>
        </div>
    }
}
