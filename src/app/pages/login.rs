//! Signing in.

use leptos::prelude::*;

use crate::{
    api::auth::{Login as SignIn, SignInWithPasskey},
    app::{
        components::{
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            passkey::{PasskeyButton, suggest_passkeys, tell_browser},
            providers::ProviderButtons,
            reactive::on,
        },
        page_data::PageData,
        query::{next_page, parameter},
    },
    model::{local_path::LocalPath, passkey::PasskeyPurpose, query::encode_value, session::SignOutReason},
};

/// The address of another form that leads to the same page afterwards.
pub fn with_next(page: &str, next: &LocalPath) -> String {
    if *next == LocalPath::default() {
        page.to_owned()
    } else {
        format!("{page}?next={}", encode_value(next.as_str()))
    }
}

#[component]
pub fn Login() -> impl IntoView {
    let form = FormState::of::<SignIn>();
    let next = next_page();
    form.starts_session(next.clone());
    let passkey = FormState::of::<SignInWithPasskey>();
    passkey.starts_session(next.clone());
    passkey.also_on_success(tell_browser);
    let suggest = suggest_passkeys(passkey);
    let turned_to = suggest.clone();
    let reason = parameter("reason").and_then(|reason| SignOutReason::parse(&reason));
    let PageData { registration_open, login_hint, mail, sign_in_links, .. } = expect_context();
    let typed = form.typed("email");
    let email = if typed.is_empty() { login_hint.map(String::from).unwrap_or_default() } else { typed };
    let provider_next = next.to_string();
    let (register, forgot) = (with_next("/register", &next), with_next("/forgot", &next));
    let by_mail = sign_in_links.then(|| with_next("/login/email", &next));
    view! {
        <section class="card" on:focusin=on(move |_| suggest()) on:pointerover=on(move |_| turned_to())>
            <PageTitle title="Sign in" form=form/>
            {reason.map(|reason| view! { <p class="reason" role="status">{reason.message()}</p> })}
            <ErrorSummary form=form labels=&[("email", "Email"), ("password", "Password")]/>
            <Form form=form>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field form=form name="email" label="Email" kind="email" autocomplete="username webauthn" value=email/>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <Submit form=form label="Sign in" busy="Signing in…"/>
            </Form>
            {mail.then(|| view! { <p class="aside"><a href=forgot>"Forgot your password?"</a></p> })}
            <div class="ways">
                <PasskeyButton form=passkey purpose=PasskeyPurpose::SignIn label="Sign in with a passkey"/>
                <ErrorSummary form=passkey labels=&[]/>
                <ProviderButtons fields=vec![("next", provider_next)]/>
                {by_mail.map(|page| view! { <p class="aside"><a href=page>"Email me a link"</a></p> })}
            </div>
            {registration_open.then(|| view! { <p class="aside">"New here? "<a href=register>"Create an account"</a></p> })}
        </section>
    }
}
