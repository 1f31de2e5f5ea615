//! One's own account.

use leptos::prelude::*;

use super::audit::event_line;
use crate::{
    api::account::{Activity, ChangeEmail, DeleteAccount, Me, UpdateProfile},
    app::{
        components::{
            action::NextPage,
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            loading::LoadingHint,
            passkey::tell_browser,
            reactive::{effect, text},
            time::Time,
            username::Username,
        },
        page_data::PageData,
        resource::{Await, from_address, load, render},
        session::SessionContext,
    },
    model::{audit_event::AuditEvent, page::Page, profile::Profile},
};

#[component]
pub fn Account() -> impl IntoView {
    let profile = load::<Me>(Vec::new);
    let email = RwSignal::new(None);
    let details = move |profile: Profile| {
        // After hydration: the server has rendered the form below before it knew.
        let address = profile.email.to_string();
        effect(move || email.set(Some(address.clone())));
        view! { <Details profile=profile/> }.into_any()
    };
    let fields = from_address(&["cursor"]);
    let activity = load::<Activity>(move || [fields.get(), vec![("limit", "10".to_owned())]].concat());
    let events = move |page: Page<AuditEvent>| {
        view! {
            <ul class="events">{page.items.iter().map(event_line).collect_view()}</ul>
            <NextPage path="/account" fields=fields.get() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Your account"/>
        <LoadingHint/>
        <Await answer=profile view=render(details)/>
        <section aria-labelledby="activity">
            <h2 id="activity">"Recent activity"</h2>
            <Await answer=activity view=render(events)/>
        </section>
        <Delete email=email/>
    }
}

#[component]
fn Details(profile: Profile) -> impl IntoView {
    let form = FormState::of::<UpdateProfile>();
    let (session, mail) = (SessionContext::get(), expect_context::<PageData>().mail);
    let confirmed = if profile.email_verified || !mail { "" } else { " (not confirmed)" };
    form.on_success(move |profile: Profile| {
        session.rename(profile.display_name);
        tell_browser();
    });
    let ends = session.view.read_untracked().as_ref().and_then(|view| view.expires_at.clone());
    // Nothing stands behind a time in its line: it would move when the time becomes words.
    let ends = ends.map(|ends| {
        view! {
            <dt>"This session ends"</dt>
            <dd><Time at=ends/><br/><span class="hint">"if it is not used until then"</span></dd>
        }
    });
    view! {
        <div class="panels">
            <section class="card">
                <h2>"Account"</h2>
                <dl class="facts">
                    <dt>"Email"</dt>
                    <dd>{profile.email.to_string()}{confirmed}</dd>
                    <dt>"Roles"</dt>
                    <dd>{profile.roles.to_string().replace(' ', ", ")}</dd>
                    <dt>"Member since"</dt>
                    <dd><Time at=profile.created_at/></dd>
                    {ends}
                </dl>
            </section>
            {mail.then(|| view! { <ChangeAddress/> })}
            <section class="card">
                <h2>"Profile"</h2>
                <ErrorSummary form=form labels=&[("display_name", "Display name")]/>
                <SuccessMessage form=form text="Saved."/>
                <Form form=form>
                    <Field form=form name="display_name" label="Display name" autocomplete="name" value=profile.display_name.to_string()/>
                    <Submit form=form label="Save" busy="Saving…"/>
                </Form>
            </section>
        </div>
    }
}

/// Asking for another address, or confirming the one that the account has.
#[component]
fn ChangeAddress() -> impl IntoView {
    let form = FormState::of::<ChangeEmail>();
    view! {
        <section class="card">
            <h2>"Email address"</h2>
            <ErrorSummary form=form labels=&[("email", "New email")]/>
            <SuccessMessage form=form text="A mail is on its way to that address. Nothing changes until you open the link in it."/>
            <Form form=form>
                <Field form=form name="email" label="New email" kind="email" autocomplete="email"
                    hint="To confirm the address that you have, enter it again."/>
                <Submit form=form label="Change email" busy="Sending…"/>
            </Form>
        </section>
    }
}

/// Deleting the account: what goes is said, and it is typed that it is meant.
#[component]
fn Delete(email: RwSignal<Option<String>>) -> impl IntoView {
    let form = FormState::of::<DeleteAccount>();
    view! {
        <details class="card danger">
            <summary>"Delete your account"</summary>
            <p>"Your email address, name, password and all sessions are deleted at once. This can't be undone. The audit log keeps what happened, under an ID that no longer leads to you."</p>
            <ErrorSummary form=form labels=&[("password", "Password")]/>
            <Form form=form>
                <Username email=text(move || email.get().unwrap_or_default())/>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <div class="field">
                    <label for="confirmation">"Type “delete” to confirm"</label>
                    <input id="confirmation" type="text" pattern="delete" title="Type the word “delete”" autocomplete="off" required/>
                </div>
                <Submit form=form label="Delete my account" busy="Deleting…" class="primary danger"/>
            </Form>
        </details>
    }
}
