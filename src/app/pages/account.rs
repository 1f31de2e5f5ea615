//! One's own account.

use leptos::prelude::*;

use crate::{
    api::account::{Activity, DeleteAccount, Me, UpdateProfile},
    app::{
        components::{
            action::NextPage,
            form::{Done, ErrorSummary, Field, Form, FormState, NeedsJavaScript, PageTitle, Submit},
            header::NavLink,
        },
        data::{Loaded, from_address, load, shown},
        pages::audit::event_line,
        session::SessionContext,
    },
    model::{account::Account as Profile, audit_event::AuditEvent, page::Page, session::SignOutReason},
};

#[component]
pub fn Account() -> impl IntoView {
    let profile = load::<Me>(Vec::new);
    let fields = from_address(&["cursor"]);
    let activity = load::<Activity>(move || [fields(), vec![("limit", "10".to_owned())]].concat());
    let events = move |page: Page<AuditEvent>| {
        view! {
            <ul class="events">{page.items.iter().map(event_line).collect_view()}</ul>
            <NextPage path="/account" fields=fields() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Your account"/>
        <AccountNav/>
        <NeedsJavaScript/>
        <Loaded answer=profile view=shown(|profile: Profile| view! { <Details profile=profile/> }.into_any())/>
        <section aria-labelledby="activity">
            <h2 id="activity">"Recent activity"</h2>
            <Loaded answer=activity view=shown(events)/>
        </section>
        <Delete/>
    }
}

/// The pages about one's account.
#[component]
pub fn AccountNav() -> impl IntoView {
    view! {
        <nav class="sub" aria-label="Your account">
            <NavLink href="/account" text="Profile"/>
            <NavLink href="/account/password" text="Password"/>
            <NavLink href="/account/sessions" text="Sessions"/>
        </nav>
    }
}

#[component]
fn Details(profile: Profile) -> impl IntoView {
    let form = FormState::of::<UpdateProfile>();
    let session = SessionContext::get();
    form.on_success(move |profile: Profile| session.rename(profile.display_name));
    let ends = session.view.read_untracked().as_ref().and_then(|view| view.expires_at.clone());
    view! {
        <dl class="facts">
            <dt>"Email"</dt>
            <dd>{profile.email.to_string()}</dd>
            <dt>"Roles"</dt>
            <dd>{profile.roles.to_string().replace(' ', ", ")}</dd>
            <dt>"Member since"</dt>
            <dd>{profile.created_at.to_minute()}</dd>
            {ends.map(|ends| view! { <dt>"This session ends"</dt><dd>{ends.to_minute()}", unless you use it before"</dd> })}
        </dl>
        <section class="card">
            <h2>"Profile"</h2>
            <ErrorSummary form=form labels=&[("display_name", "Display name")]/>
            <Done form=form text="Saved."/>
            <Form form=form>
                <Field form=form name="display_name" label="Display name" autocomplete="name" value=profile.display_name.to_string()/>
                <Submit form=form label="Save" busy="Saving…"/>
            </Form>
        </section>
    }
}

/// Deleting the account: what goes is said, and it is typed that it is meant.
#[component]
fn Delete() -> impl IntoView {
    let form = FormState::of::<DeleteAccount>();
    let session = SessionContext::get();
    form.on_success(move |()| session.signed_out(SignOutReason::AccountDeleted));
    view! {
        <details class="card danger">
            <summary>"Delete your account"</summary>
            <p>"Your address, your name, your password and all your sessions are deleted, at once and for good. The audit log keeps what happened, under a number that leads to nobody any more."</p>
            <ErrorSummary form=form labels=&[("password", "Password")]/>
            <Form form=form>
                <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
                <div class="field">
                    <label for="confirmation">"Type “delete” to confirm"</label>
                    <input id="confirmation" type="text" pattern="delete" title="Type the word “delete”" autocomplete="off" required/>
                </div>
                <Submit form=form label="Delete my account" busy="Deleting…"/>
            </Form>
        </details>
    }
}
