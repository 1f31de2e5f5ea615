//! The audit log, for administrators.

use leptos::prelude::*;

use crate::{
    api::audit::ListEvents,
    app::{
        components::{
            action::{NextPage, columns},
            form::PageTitle,
        },
        data::{Fields, Loaded, from_address, load, shown},
    },
    model::{
        audit_event::{AuditEvent, EventKind, Involved, title},
        local_path::query,
        page::Page,
    },
};

const FILTER: &[&str] = &["event", "user_id", "from", "to", "cursor"];

#[component]
pub fn Audit() -> impl IntoView {
    let fields = from_address(FILTER);
    let events = load::<ListEvents>(fields);
    let table = move |page: Page<AuditEvent>| {
        view! {
            <div class="scroll" role="region" aria-label="Events" tabindex="0">
                <table>
                    {columns(&["When", "What", "Who", "Whose account", "From", "More"])}
                    <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <NextPage path="/admin/audit" fields=fields() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Audit log"/>
        <Filter fields=fields()/>
        <p><a href=move || export(&fields()) rel="external" download="audit.jsonl">"Download as JSON lines"</a></p>
        <Loaded answer=events view=shown(table)/>
    }
}

/// The whole of what is shown, as a file.
fn export(fields: &Fields) -> String {
    format!("/admin/audit/export?{}", query(fields.iter().filter(|(name, _)| *name != "cursor")))
}

/// A form that asks for another part of the log; a GET, so it works without JavaScript.
#[component]
fn Filter(fields: Fields) -> impl IntoView {
    let given = move |name: &str| {
        fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let field = |name: &'static str, label: &'static str, kind: &'static str| {
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <input id=name name=name type=kind value=given(name) autocomplete="off"/>
            </div>
        }
    };
    let event = given("event");
    let choice = |kind: &EventKind| {
        let name = kind.as_str();
        view! { <option value=name selected=event == name>{title(name)}</option> }
    };
    view! {
        <form method="get" action="/admin/audit" class="filter">
            <div class="field">
                <label for="event">"Event"</label>
                <select id="event" name="event">
                    <option value="">"Any"</option>
                    {EventKind::ALL.iter().map(choice).collect_view()}
                </select>
            </div>
            {field("user_id", "Account (id)", "text")}
            {field("from", "From", "date")}
            {field("to", "Before", "date")}
            <button type="submit">"Show"</button>
        </form>
    }
}

fn row(event: AuditEvent) -> impl IntoView {
    let title = event.title();
    let more: Vec<_> = event.detail.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    view! {
        <tr>
            <td>{event.at.to_minute()}</td>
            <td title=event.event>{title}</td>
            <td>{person(event.actor)}</td>
            <td>{person(event.subject)}</td>
            <td>{event.device}<br/>{event.ip}</td>
            <td>{more.join(", ")}</td>
        </tr>
    }
}

fn person(involved: Option<Involved>) -> impl IntoView {
    involved.map(|Involved { id, email }| {
        let shown = email.unwrap_or_else(|| format!("deleted ({id})"));
        view! { <a href=format!("/admin/users/{id}")>{shown}</a> }
    })
}

/// An event in a person's own words: what, when, from where.
pub fn event_line(event: &AuditEvent) -> impl IntoView + use<> {
    let from =
        if event.ip.is_empty() { event.device.clone() } else { format!("{} · {}", event.device, event.ip) };
    view! { <li><strong>{event.title()}</strong>" · "{event.at.to_minute()}" · "{from}</li> }
}
