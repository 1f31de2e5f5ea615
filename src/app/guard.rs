//! Pages are shown to those whom they are for. The server has decided before it rendered; this decides the same from
//! the same table when the browser moves from page to page, or when somebody's roles change under their eyes.

use std::sync::Arc;

use leptos::{either::Either, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

use super::{
    components::reactive::reactive, pages::forbidden::Forbidden, query::next_page, session::SessionContext,
};
use crate::model::{
    access::{Access, SECURITY, Verdict},
    local_path::LocalPath,
};

pub type Page = Arc<dyn Fn() -> AnyView + Send + Sync>;

/// A page that is always there, for those whom it is for.
pub fn guarded<V: IntoView + 'static>(page: fn() -> V) -> AnyView {
    guard(Arc::new(move || page().into_any()))
}

/// The page, or what is shown instead to those whom it is not for.
pub fn guard(page: Page) -> AnyView {
    let verdict = current_verdict();
    // Where it leads is read now: when the verdict changes, the address may be the next page's already.
    let next = next_page();
    reactive(move || match verdict.get() {
        Verdict::Show => page(),
        denied => view! { <AccessDenied verdict=denied next=next.clone()/> }.into_any(),
    })
}

/// What becomes of the page that is being shown; a memo, for a page is not built anew when it stays the same.
fn current_verdict() -> Memo<Verdict> {
    let session = SessionContext::get();
    let access = Access::of(&use_location().pathname.get_untracked());
    Memo::new(move |_| access.verdict_within(session.roles(), session.restricted()))
}

/// Stands in for a page that is not shown: says so, or leads to where it can be.
#[component]
fn AccessDenied(verdict: Verdict, next: LocalPath) -> impl IntoView {
    let (location, navigate) = (use_location(), use_navigate());
    let elsewhere = match verdict {
        Verdict::SignIn => {
            let (path, query) = (location.pathname.get_untracked(), location.search.get_untracked());
            let here = if query.is_empty() { path } else { format!("{path}?{query}") };
            Some(LocalPath::parse(&here).unwrap_or_default().login().to_string())
        }
        Verdict::RedirectToNext => Some(next.to_string()),
        Verdict::SetUpSecondFactor => Some(SECURITY.to_owned()),
        Verdict::Show | Verdict::Forbid => None,
    };
    let leaving = elsewhere.is_some();
    Effect::new(move |_| {
        if let Some(elsewhere) = &elsewhere {
            navigate(elsewhere, NavigateOptions { replace: true, ..NavigateOptions::default() });
        }
    });
    if leaving {
        Either::Left(view! { <p role="status">"One moment…"</p> })
    } else {
        Either::Right(view! { <Forbidden/> })
    }
}
