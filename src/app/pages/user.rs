//! One account, for administrators.

use leptos::{either::Either, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::audit::event_line;
use crate::{
    api::{
        audit::ListEvents,
        users::{DeleteUser, DisableUser, EnableUser, GetUser, RevokeUserSessions, SetRoles},
    },
    app::{
        components::{
            action::{Action, columns},
            form::{Done, Form, FormState, NeedsJavaScript, PageTitle, Problem, RolesSelect, Submit},
        },
        data::{Fields, Loaded, from_path, load, shown},
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
    let fields = from_path("user_id");
    let forms = Forms::new();
    let person = load::<GetUser>(fields);
    let events = load::<ListEvents>(move || [fields(), vec![("limit", "10".to_owned())]].concat());
    let refresh = move || {
        person.refetch();
        events.refetch();
    };
    forms.on_change(refresh);
    let details = move |details: PersonDetails| view! { <Details details=details forms=forms/> }.into_any();
    let list = |page: Page<AuditEvent>| {
        view! { <ul class="events">{page.items.iter().map(event_line).collect_view()}</ul> }.into_any()
    };
    view! {
        <PageTitle title="Account"/>
        <NeedsJavaScript/>
        <nav class="sub" aria-label="Administration"><a href="/admin/users">"All accounts"</a></nav>
        <Loaded answer=person view=shown(details)/>
        <section aria-labelledby="events">
            <h2 id="events">"Recent events"</h2>
            <Loaded answer=events view=shown(list)/>
            <p><a href=move || format!("/admin/audit?user_id={}", fields()[0].1)>"All events of this account"</a></p>
        </section>
    }
}

/// What can be done with the account. Made apart from the view of it, which is made anew after each change.
#[derive(Clone, Copy, Debug)]
struct Forms {
    roles: FormState,
    end: FormState,
    disable: FormState,
    enable: FormState,
    delete: FormState,
}

impl Forms {
    fn new() -> Self {
        Self {
            roles: FormState::of::<SetRoles>(),
            end: FormState::of::<RevokeUserSessions>(),
            disable: FormState::of::<DisableUser>(),
            enable: FormState::of::<EnableUser>(),
            delete: FormState::of::<DeleteUser>(),
        }
    }

    fn on_change(self, refresh: impl Fn() + Copy + Send + Sync + 'static) {
        let navigate = use_navigate();
        for form in [self.roles, self.disable, self.enable] {
            form.on_success(move |_: Person| refresh());
        }
        self.end.on_success(move |_: Revoked| refresh());
        self.delete.on_success(move |()| navigate("/admin/users", NavigateOptions::default()));
    }
}

#[component]
fn Details(details: PersonDetails, forms: Forms) -> impl IntoView {
    let PersonDetails { person, sessions } = details;
    let fields: Fields = vec![("user_id", person.id.to_string())];
    let (toggle, label) = if person.state == PersonState::Disabled {
        (forms.enable, "Enable the account")
    } else {
        (forms.disable, "Disable the account")
    };
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
        <section class="card">
            <h2>"Roles"</h2>
            <Problem form=forms.roles/>
            <Done form=forms.roles text="Saved. It has taken effect."/>
            <Form form=forms.roles>
                <input type="hidden" name="user_id" value=person.id.to_string()/>
                <RolesSelect held=person.roles/>
                <Submit form=forms.roles label="Save roles" class=""/>
            </Form>
        </section>
        <SessionTable sessions=sessions/>
        <div class="row">
            <Action form=forms.end fields=fields.clone() label="End all sessions"/>
            <Action form=toggle fields=fields.clone() label=label/>
        </div>
        <details class="card danger">
            <summary>"Delete the account"</summary>
            <p>"Address, name, password and sessions are deleted for good. The audit log keeps what happened."</p>
            <Action form=forms.delete fields=fields label="Delete for good" class="danger"/>
        </details>
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
