//! The second step of signing in.

use leptos::{either::Either, prelude::*};

use super::login::with_next;
use crate::{
    api::auth::SecondFactor as Confirmation,
    app::{
        components::{
            fields::CodeField,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            passkey::PasskeyButton,
        },
        page_data::PageData,
        query::next_page,
    },
    model::{
        passkey::PasskeyPurpose,
        second_factor::{SecondFactor, UsableFactors},
    },
};

#[component]
pub fn SecondStep() -> impl IntoView {
    match expect_context::<PageData>().second_step {
        Some(usable) => Either::Left(view! { <EnterCode usable=usable/> }),
        None => Either::Right(view! {
            <section class="card">
                <PageTitle title="Confirm that it is you"/>
                <p>"This sign-in was finished or has expired."</p>
                <p class="aside"><a href=with_next("/login", &next_page())>"Sign in"</a></p>
            </section>
        }),
    }
}

#[component]
fn EnterCode(usable: UsableFactors) -> impl IntoView {
    let UsableFactors { factors: usable, recovery_codes_in } = usable;
    let form = FormState::of::<Confirmation>();
    let next = next_page();
    form.starts_session(next.clone());
    let again = with_next("/login", &next);
    let passkey = usable.contains(&SecondFactor::Passkey);
    // Where everything waits, nothing is asked for.
    let asked = (!usable.is_empty() || recovery_codes_in.is_none()).then(|| asks_for(&usable));
    view! {
        <section class="card">
            <PageTitle title="Confirm that it is you" form=form/>
            {asked.map(|asked| view! { <p>{asked}</p> })}
            {recovery_codes_in.map(|minutes| view! { <p>{codes_wait(minutes)}</p> })}
            <ErrorSummary form=form labels=&[("code", "Code")]/>
            <Form form=form clears=&["code"]>
                <input type="hidden" name="next" value=next.to_string()/>
                <CodeField form=form hint=""/>
                <Submit form=form label="Continue" busy="Checking…"/>
            </Form>
            {passkey.then(|| view! { <PasskeyButton form=form purpose=PasskeyPurpose::SecondStep label="Use a passkey"/> })}
            <p class="aside">"Is this not your account? "<a href=again>"Sign in again"</a></p>
        </section>
    }
}

fn codes_wait(minutes: u64) -> String {
    let time = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
    format!("Too many wrong recovery codes were entered. The next one can be entered in {time}.")
}

fn asks_for(usable: &[SecondFactor]) -> &'static str {
    let has = |factor| usable.contains(&factor);
    let passkey = has(SecondFactor::Passkey);
    match (has(SecondFactor::Totp), has(SecondFactor::RecoveryCode)) {
        (true, true) => {
            "Enter the 6 digits that your authenticator app shows. Without your phone, enter one of your recovery codes."
        }
        (true, false) => "Enter the 6 digits that your authenticator app shows.",
        (false, true) if passkey => {
            "Use a passkey of your account. Without it, enter one of your recovery codes."
        }
        (false, true) => "Enter one of your recovery codes.",
        (false, false) if passkey => "Use a passkey of your account.",
        (false, false) => {
            "Your authenticator app is switched off, and you have no recovery codes. Ask an administrator to reset your second factors."
        }
    }
}
