//! Where somebody connects a device that has no browser, by the code that it shows.
//!
//! The forms are the browser's own, without a script, as on the consent page.

use leptos::{
    either::{Either, EitherOf3},
    prelude::*,
};

use super::consent::{Decision, Wishes};
use crate::{
    app::{components::form::PageTitle, page_data::PageData, query::parameter, session::go_to},
    model::{
        oauth::device_page::{DevicePage, DeviceStep},
        query::encode_value,
    },
};

#[component]
pub fn Device() -> impl IntoView {
    match expect_context::<PageData>().device {
        Some(page) => Either::Left(view! { <Shown page=page/> }),
        None => Either::Right(view! { <Load/> }),
    }
}

/// Moved to within the app, after signing in: the server knows who is signed in, so the page is loaded.
#[component]
fn Load() -> impl IntoView {
    let code = parameter("user_code").unwrap_or_default();
    Effect::new(move |_| go_to(&format!("/device?user_code={}", encode_value(&code))));
    view! { <p role="status">"One moment…"</p> }
}

#[component]
fn Shown(page: DevicePage) -> impl IntoView {
    let DevicePage { step, user_code, client, developer, wishes, email, problem } = page;
    let problem = problem.map(|problem| view! { <p role="alert" class="problem">{problem}</p> });
    let content = match step {
        DeviceStep::Enter => EitherOf3::A(view! {
            {problem}
            <form method="post" action="/device">
                <div class="field">
                    <label for="device-code">"Code"</label>
                    <p class="hint" id="device-code-hint">"Eight letters, which the device shows."</p>
                    <input id="device-code" name="user_code" value=user_code autocomplete="off" autocapitalize="characters"
                        spellcheck="false" maxlength="20" aria-describedby="device-code-hint" required/>
                </div>
                <button type="submit" class="primary">"Continue"</button>
            </form>
        }),
        DeviceStep::Allow => EitherOf3::B(view! {
            <Wishes client=client developer=developer wishes=wishes/>
            <p>"The device shows the code "<strong>{user_code.clone()}</strong>". Allow it only if it is in front of you and you began this yourself."</p>
            {problem}
            <form method="post" action="/device">
                <input type="hidden" name="user_code" value=user_code/>
                <Decision/>
            </form>
        }),
        DeviceStep::Allowed => EitherOf3::C(view! {
            <p role="status"><strong>{client}</strong>" is connected. You can close this page and go on at the device."</p>
        }
        .into_any()),
        DeviceStep::Cancelled => EitherOf3::C(view! {
            <p role="status"><strong>{client}</strong>" was not connected. You can close this page."</p>
        }
        .into_any()),
    };
    view! {
        <section class="card">
            <PageTitle title="Connect a device"/>
            <p>"You are signed in as "<strong>{email}</strong>". Not you? Sign out first."</p>
            {content}
        </section>
    }
}
