//! What one signs in with, and how well that protects the account. Each section is a file of its own.

mod authenticator;
mod passkeys;
mod password;
mod providers;
mod recovery_codes;
mod second_step;
mod sign_ins;

use leptos::prelude::*;

use crate::{
    api::account::GetSecurity,
    app::{
        components::{
            form::PageTitle,
            icon::{Icon, Sign},
            loading::LoadingHint,
            reactive::reactive,
        },
        kept::Kept,
        resource::{Answer, load},
        session::SessionContext,
    },
    model::{
        second_factor::SecondFactorPolicy,
        security::{Protection, SecurityOverview},
    },
};

/// What the sections show, followed: a change of one of them asks again.
pub type Overview = Kept<SecurityOverview>;

#[component]
pub fn Security() -> impl IntoView {
    let (session, overview) = (SessionContext::get(), Kept::new(load::<GetSecurity>(Vec::new)));
    let linked = providers::linked();
    view! {
        <PageTitle title="Security"/>
        <LoadingHint/>
        {reactive(move || required(session.restricted()).map(|text| view! { <p class="reason" role="status">{text}</p> }))}
        {overview.show(move || view! { <Sections overview=overview linked=linked/> }.into_any())}
    }
}

/// Why somebody was led here.
fn required(restricted: SecondFactorPolicy) -> Option<&'static str> {
    match restricted {
        SecondFactorPolicy::Optional => None,
        SecondFactorPolicy::Admins => Some(
            "Administration needs a second factor here. Set one up to continue; if you have one, sign in again with it.",
        ),
        SecondFactorPolicy::Everyone => Some(
            "A second factor is required here. Set one up to continue; if you have one, sign in again with it.",
        ),
    }
}

#[component]
fn Sections(overview: Overview, linked: Answer) -> impl IntoView {
    // Those that were just made, by either of two sections. They are shown once.
    let codes = RwSignal::new(Vec::new());
    view! {
        {reactive(move || overview.read(|overview| view! { <Summary protection=overview.protection()/> }))}
        <password::Password/>
        <passkeys::Passkeys overview=overview/>
        <second_step::SecondStep overview=overview codes=codes/>
        <authenticator::Authenticator overview=overview codes=codes/>
        <recovery_codes::RecoveryCodes overview=overview codes=codes/>
        <providers::Providers answer=linked/>
        <sign_ins::SignIns overview=overview/>
    }
}

/// How well the account is protected, and what to do next.
#[component]
fn Summary(protection: Protection) -> impl IntoView {
    let (class, icon, text) = match protection {
        Protection::PasswordOnly => (
            "attention",
            Icon::Warning,
            "Whoever learns your password can sign in. Set up an authenticator app, so that the password alone is not enough.",
        ),
        Protection::NoWayBack => (
            "attention",
            Icon::Warning,
            "Your password alone is not enough to sign in. You have few recovery codes left: create new ones, or you may be locked out when you lose your phone.",
        ),
        Protection::Good => (
            "attention good",
            Icon::Shield,
            "Your password alone is not enough to sign in, and you have recovery codes for when you lose your phone.",
        ),
    };
    view! {
        <div class=class role="status">
            <Sign icon=icon/>
            <p>{text}</p>
        </div>
    }
}
