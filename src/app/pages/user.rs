//! One account, for administrators.

use leptos::{either::Either, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_location};

use super::audit::event_line;
use crate::{
    api::{
        audit::ListEvents,
        users::{DeleteUser, DisableUser, EnableUser, GetUser, RevokeUserSessions, SetRoles},
    },
    app::{
        components::{
            action::{Action, columns},
            form::{Form, FormState, PageTitle, RolesSelect},
        },
        data::{Fields, Loaded, load, shown},
    },
    model::{
        audit_event::AuditEvent,
        page::Page,
        person::{Person, PersonDetails, PersonState, Revoked},
        session::SessionItem,
    },
};

#[component]
pub fn User() -> impl IntoView {
    let path = use_location().pathname;
    let fields = move || -> Fields {
        vec![("user_id", path.read().rsplit('/').next().unwrap_or_default().to_owned())]
    };
    let person = load::<GetUser>(fields);
    let events = load::<ListEvents>(move || [fields(), vec![("limit", "10".to_owned())]].concat());
    let refresh = move || {
        person.refetch();
        events.refetch();
    };
    let details = move |details: PersonDetails| {
        view! { <Details details=details changed=Callback::new(move |()| refresh())/> }.into_any()
    };
    let list = |page: Page<AuditEvent>| {
        view! { <ul class="events">{page.items.iter().map(event_line).collect_view()}</ul> }.into_any()
    };
    view! {
        <PageTitle title="Account"/>
        <nav class="sub" aria-label="Administration"><a href="/admin/users">"All accounts"</a></nav>
        <Loaded answer=person view=shown(details)/>
        <section aria-labelledby="events">
            <h2 id="events">"Recent events"</h2>
            <Loaded answer=events view=shown(list)/>
        </section>
    }
}

#[component]
fn Details(details: PersonDetails, changed: Callback<()>) -> impl IntoView {
    let PersonDetails { person, sessions } = details;
    let id = person.id.to_string();
    let fields = move || -> Fields { vec![("user_id", id.clone())] };
    view! {
        <dl class="facts">
            <dt>"Email"</dt>
            <dd>{person.email.to_string()}</dd>
            <dt>"Name"</dt>
            <dd>{person.display_name.to_string()}</dd>
            <dt>"State"</dt>
            <dd><span class=format!("state {}", person.state.as_str())>{person.state.as_str()}</span></dd>
            <dt>"Made"</dt>
            <dd>{person.created_at.to_minute()}</dd>
        </dl>
        <RolesForm person=person.clone() changed=changed/>
        <SessionTable sessions=sessions/>
        <Actions state=person.state fields=fields() changed=changed/>
    }
}

#[component]
fn RolesForm(person: Person, changed: Callback<()>) -> impl IntoView {
    let form = FormState::of::<SetRoles>();
    let saved = RwSignal::new(false);
    form.on_success(move |_: Person| {
        saved.set(true);
        changed.run(());
    });
    view! {
        <section class="card">
            <h2>"Roles"</h2>
            <p role="alert" class="problem">{move || form.error.read().as_ref().map(|error| error.message.clone())}</p>
            <p role="status" class="done">{move || (saved.get() && form.error.read().is_none()).then_some("Saved. It has taken effect.")}</p>
            <Form form=form>
                <input type="hidden" name="user_id" value=person.id.to_string()/>
                <RolesSelect held=person.roles/>
                <button type="submit" disabled=form.pending>"Save roles"</button>
            </Form>
        </section>
    }
}

#[component]
fn SessionTable(sessions: Vec<SessionItem>) -> impl IntoView {
    let row = |session: SessionItem| {
        view! {
            <tr>
                <td>{session.device}</td>
                <td>{session.ip}</td>
                <td>{session.created_at.to_minute()}</td>
                <td>{session.last_seen_at.to_minute()}</td>
            </tr>
        }
    };
    if sessions.is_empty() {
        return Either::Left(view! { <p>"No live sessions."</p> });
    }
    Either::Right(view! {
        <div class="scroll" role="region" aria-label="Live sessions" tabindex="0">
            <table>
                {columns(&["Device", "Address", "Signed in", "Last active"])}
                <tbody>{sessions.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    })
}

#[component]
fn Actions(state: PersonState, fields: Fields, changed: Callback<()>) -> impl IntoView {
    let navigate = leptos_router::hooks::use_navigate();
    let (end, toggle, delete) = (
        FormState::of::<RevokeUserSessions>(),
        if state == PersonState::Disabled {
            FormState::of::<EnableUser>()
        } else {
            FormState::of::<DisableUser>()
        },
        FormState::of::<DeleteUser>(),
    );
    end.on_success(move |_: Revoked| changed.run(()));
    toggle.on_success(move |_: Person| changed.run(()));
    delete.on_success(move |()| navigate("/admin/users", NavigateOptions::default()));
    let label = if state == PersonState::Disabled { "Enable the account" } else { "Disable the account" };
    view! {
        <div class="row">
            <Action form=end fields=fields.clone() label="End all sessions"/>
            <Action form=toggle fields=fields.clone() label=label/>
        </div>
        <details class="card danger">
            <summary>"Delete the account"</summary>
            <p>"Address, name, password and sessions are deleted for good. The audit log keeps what happened."</p>
            <Action form=delete fields=fields label="Delete for good" class="danger"/>
        </details>
    }
}
