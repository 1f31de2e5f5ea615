//! One's own account.

use leptos::prelude::*;

use super::audit::event_line;
use crate::{
    api::account::{Activity, ChangeEmail, DeleteAccount, GetPendingEmail, ListProofs, Me, UpdateProfile},
    app::{
        components::{
            action::NextPage,
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            loading::LoadingHint,
            passkey::tell_browser,
            time::Time,
            username::Username,
        },
        page_data::PageData,
        resource::{Answer, Await, from_address, load, render},
        session::SessionContext,
    },
    model::{
        audit_event::AuditEvent,
        page::Page,
        profile::{PendingEmail, Profile},
        proofs::Proofs,
    },
};

#[component]
pub fn Account() -> impl IntoView {
    let (profile, proofs) = (load::<Me>(Vec::new), load::<ListProofs>(Vec::new));
    let mail = expect_context::<PageData>().mail;
    let pending = mail.then(|| load::<GetPendingEmail>(Vec::new));
    let details = move |profile: Profile| view! { <Details profile=profile pending=pending/> }.into_any();
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
        <Delete proofs=proofs/>
    }
}

#[component]
fn Details(
    profile: Profile,
    /// Nothing where no mail is sent.
    pending: Option<Answer>,
) -> impl IntoView {
    let form = FormState::of::<UpdateProfile>();
    let session = SessionContext::get();
    let confirmed = if profile.email_verified || pending.is_none() { "" } else { " (not confirmed)" };
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
            {pending.map(|pending| view! { <ChangeAddress pending=pending/> })}
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
fn ChangeAddress(pending: Answer) -> impl IntoView {
    let form = FormState::of::<ChangeEmail>();
    form.on_success(move |()| pending.refetch());
    let waiting = |pending: Option<PendingEmail>| {
        let waiting = |PendingEmail { email, expires_at }: PendingEmail| {
            view! {
                <div class="reason">
                    <p><strong>{email.to_string()}</strong>" is not confirmed yet. Open the link in the mail that was sent there. It expires "<Time at=expires_at/>"."</p>
                </div>
            }
        };
        pending.map(waiting).into_any()
    };
    view! {
        <section class="card">
            <h2>"Email address"</h2>
            <ErrorSummary form=form labels=&[("email", "New email")]/>
            <SuccessMessage form=form text="A mail is on its way to that address. Nothing changes until you open the link in it."/>
            <Await answer=pending view=render(waiting) quiet=true/>
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
fn Delete(proofs: Answer) -> impl IntoView {
    let form = FormState::of::<DeleteAccount>();
    // Whoever has no password is asked for what they have, when they press the button.
    let password = move |Proofs { email, password, .. }: Proofs| {
        let field = view! {
            <Username email=email.to_string()/>
            <Field form=form name="password" label="Password" kind="password" autocomplete="current-password"/>
        };
        password.then_some(field).into_any()
    };
    view! {
        <details class="card danger">
            <summary>"Delete your account"</summary>
            <p>"Your email address, name, password and all sessions are deleted at once. This can't be undone. The audit log keeps what happened, under an ID that no longer leads to you."</p>
            <ErrorSummary form=form labels=&[("password", "Password")]/>
            <Form form=form>
                <Await answer=proofs view=render(password)/>
                <div class="field">
                    <label for="confirmation">"Type “delete” to confirm"</label>
                    <input id="confirmation" type="text" pattern="delete" title="Type the word “delete”" autocomplete="off" required/>
                </div>
                <Submit form=form label="Delete my account" busy="Deleting…" class="primary danger"/>
            </Form>
        </details>
    }
}
