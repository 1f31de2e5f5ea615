//! The head of every page: where one can go, who is signed in, and the way out.

use leptos::{either::Either, ev::MouseEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    form::{Form, FormState, Submit},
    navigation::{ACCOUNT_PAGES, ADMINISTRATION, MAIN, PlaceLink, SIGN_IN, SIGN_UP, SectionNav, links},
    reactive::{on, reactive},
};
use crate::{
    api::auth::Logout,
    app::{page_data::PageData, session::SessionContext},
    model::{error::Code, role::Permission},
};

#[component]
pub fn Header() -> impl IntoView {
    let session = SessionContext::get();
    let page = expect_context::<PageData>();
    let registration_open = page.registration_open;
    view! {
        <header class="top">
            <div class="bar">
                <a class="brand" href="/">
                    {if page.brand.logo {
                        Either::Left(view! { <img src="/brand/logo" alt=""/> })
                    } else {
                        Either::Right(view! { <span class="mark" aria-hidden="true"></span> })
                    }}
                    {page.brand.name}
                </a>
                {reactive(move || {
                    if session.is_signed_in() {
                        Either::Left(view! {
                            <nav class="links" aria-label="Main">
                                {links(MAIN)}
                                {reactive(move || session.allows(Permission::ReadAdministration)
                                    .then(|| view! { <PlaceLink place=ADMINISTRATION/> }))}
                            </nav>
                            <div class="own"><AccountMenu/><SignOut/></div>
                        })
                    } else {
                        Either::Right(view! {
                            <nav class="links" aria-label="Main">
                                <PlaceLink place=SIGN_IN/>
                                {registration_open.then(|| view! { <PlaceLink place=SIGN_UP/> })}
                            </nav>
                        })
                    }
                })}
            </div>
            <SectionNav/>
        </header>
    }
}

/// Who is signed in, and their pages. The browser opens and closes it, so it needs no script; a link that leads on within
/// the app closes it too.
#[component]
fn AccountMenu() -> impl IntoView {
    let view = SessionContext::get().view;
    let name = move || view.read().as_ref().map(|view| view.display_name.to_string()).unwrap_or_default();
    let initials = move || view.read().as_ref().map(|view| view.display_name.initials()).unwrap_or_default();
    let close = |event: MouseEvent| {
        if let Some(menu) = event.current_target().and_then(|menu| menu.dyn_into::<HtmlElement>().ok()) {
            // Refused only if it is closed already.
            let _ = menu.hide_popover();
        }
    };
    view! {
        <button type="button" class="chip" popovertarget="account-menu">
            <span class="avatar" aria-hidden="true">{reactive(initials)}</span>
            <span class="unseen">"Menu of "</span>
            <bdi class="name">{reactive(name)}</bdi>
        </button>
        <div class="menu" id="account-menu" popover="auto" on:click=on(close)>{links(ACCOUNT_PAGES)}</div>
    }
}

/// Signs out; works without JavaScript too.
#[component]
fn SignOut() -> impl IntoView {
    let form = FormState::of::<Logout>();
    let problem = move || {
        form.error.read().as_ref().map(|error| match error.code {
            Code::Unreachable => "The server can't be reached, so you may still be signed in. Try again.",
            _ => "You are still signed in. Try again.",
        })
    };
    view! {
        <div class="sign-out">
            <Form form=form>
                <Submit form=form label="Sign out" class=""/>
            </Form>
            <div role="alert" class="problem">{reactive(problem)}</div>
        </div>
    }
}
