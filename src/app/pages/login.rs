//! Signing in.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::auth::Login as SignIn,
    app::{
        components::form::{ErrorSummary, Field, Form, FormState, PageTitle, Submit},
        document::Document,
        session::SessionContext,
    },
    model::{
        local_path::{LocalPath, query_value},
        session::SignOutReason,
    },
};

/// Where to go after signing in: a path of this site, whatever the address says.
pub fn next_page() -> LocalPath {
    let next = use_query_map().read_untracked().get("next");
    next.and_then(|next| LocalPath::parse(&next).ok()).unwrap_or_default()
}

/// The address of another form that leads to the same page afterwards.
pub fn with_next(page: &str, next: &LocalPath) -> String {
    if *next == LocalPath::default() {
        page.to_owned()
    } else {
        format!("{page}?next={}", query_value(next.as_str()))
    }
}

#[component]
pub fn Login() -> impl IntoView {
    let form = FormState::of::<SignIn>();
    let next = next_page();
    SessionContext::get().begin_with(form, next.clone());
    let reason =
        use_query_map().read_untracked().get("reason").and_then(|reason| SignOutReason::parse(&reason));
    let registration_open = expect_context::<Document>().registration_open;
    let register = with_next("/register", &next);
    view! {
        <section class="card">
            <PageTitle title="Sign in" form=form/>
            {reason.map(|reason| view! { <p class="reason" role="status">{reason.message()}</p> })}
            <ErrorSummary form=form labels=&[("email", "Email"), ("password", "Password")]/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field form=form name="email" label="Email" kind="email" autocomplete="username" value=form.typed("email")/>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <Submit form=form label="Sign in" busy="Signing in…"/>
            </Form>
            {registration_open.then(|| view! { <p class="aside">"New here? "<a href=register>"Create an account"</a></p> })}
        </section>
    }
}
