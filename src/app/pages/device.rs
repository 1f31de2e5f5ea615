//! Where somebody connects a device that has no browser, by the code that it shows.
//!
//! The forms are the browser's own, without a script, as on the consent page.

use leptos::{either::EitherOf4, prelude::*};

use super::consent::{Decision, Heading, PROBLEM, Problem, Whose, Wishes};
use crate::{
    app::{components::confirm::hidden_fields, hydrated::Hydrated, page_data::PageData, query::parameter},
    model::oauth::device_page::{DevicePage, DeviceStep},
};

#[component]
pub fn Device() -> impl IntoView {
    // What the server has answered is shown once. Whoever comes back to this page begins anew.
    let answered = expect_context::<PageData>().device.filter(|_| !Hydrated::current().get_untracked());
    let page = answered.unwrap_or_else(|| DevicePage::enter(&parameter("user_code").unwrap_or_default()));
    let DevicePage { step, user_code, client, developer, wishes, email, problem, retry_after } = page;
    let failed = problem.is_some();
    let title = match step {
        DeviceStep::Enter | DeviceStep::Allow => "Connect a device",
        DeviceStep::Allowed => "Your device is connected",
        DeviceStep::Cancelled => "Your device is not connected",
    };
    let content = match step {
        DeviceStep::Enter => {
            EitherOf4::A(view! { <Enter user_code=user_code wrong=failed && retry_after.is_none()/> })
        }
        DeviceStep::Allow => {
            let fields = vec![("user_code", user_code.clone())];
            EitherOf4::B(view! {
                <Wishes client=client developer=developer wishes=wishes/>
                <p>"Allow it only if you began this yourself and the device in front of you shows this code:"</p>
                <p class="code">{user_code}</p>
                <form method="post" action="/device">
                    {hidden_fields(fields.clone())}
                    <Decision/>
                </form>
                <Whose email=email action="/device".to_owned() fields=fields/>
            })
        }
        DeviceStep::Allowed => EitherOf4::C(view! {
            <p role="status"><strong>{client}</strong>" is connected. You can close this page and go on at the device."</p>
            <p class="aside"><a href="/account/apps">"See your apps"</a></p>
        }),
        DeviceStep::Cancelled => EitherOf4::D(view! {
            <p role="status"><strong>{client}</strong>" was not connected. You can close this page."</p>
            // The address stays the same, so the browser loads it.
            <p class="aside"><a href="/device" rel="external">"Enter another code"</a></p>
        }),
    };
    view! {
        <section class="card">
            <Heading title=title failed=failed/>
            <Problem text=problem retry_after=retry_after/>
            {content}
        </section>
    }
}

/// The code that the device shows.
#[component]
fn Enter(user_code: String, wrong: bool) -> impl IntoView {
    let described = if wrong { format!("device-code-hint {PROBLEM}") } else { "device-code-hint".to_owned() };
    view! {
        <form method="post" action="/device">
            <div class="field">
                <label for="device-code">"Code"</label>
                <p class="hint" id="device-code-hint">"Eight letters, which the device shows."</p>
                <input id="device-code" class="code" name="user_code" value=user_code autocomplete="off" autocapitalize="characters"
                    spellcheck="false" maxlength="20" aria-describedby=described aria-invalid=wrong.then_some("true") required/>
            </div>
            <button type="submit" class="primary">"Continue"</button>
        </form>
    }
}
