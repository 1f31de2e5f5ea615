//! The audit log, for administrators.

use leptos::prelude::*;

use crate::{
    api::audit::ListEvents,
    app::{
        components::{
            action::{Empty, NextPage, columns},
            filter::{FilterForm, given},
            form::PageTitle,
            reactive::{flag, text},
            time::Time,
        },
        resource::{Await, Fields, from_address, load, render},
    },
    model::{
        audit_event::{AuditEvent, AuditParty, EventKind, title},
        page::Page,
        query::encode,
    },
};

const FILTER: &[&str] = &["event", "user_id", "from", "to", "cursor"];

#[component]
pub fn Audit() -> impl IntoView {
    let fields = from_address(FILTER);
    let events = load::<ListEvents>(move || fields.get());
    let table = move |page: Page<AuditEvent>| {
        if page.items.is_empty() {
            return view! { <Empty label="Events" text="There are no such events." href="/admin/audit" link="Show all events"/> }.into_any();
        }
        view! {
            <div class="scroll log" role="region" aria-label="Events" tabindex="0">
                <table>
                    {columns(&["When", "Event", "By", "Account", "From", "Details"])}
                    <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <NextPage path="/admin/audit" fields=fields.get() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Audit log"/>
        <EventFilter filter=fields/>
        // Named and saved by what the server answers: without a session that is the sign-in page, and no file.
        <p><a href=text(move || format!("/admin/audit/export?{}", shown(&fields.get()))) rel="external">"Download as JSON lines"</a></p>
        <Await answer=events view=render(table)/>
    }
}

/// The query of all that is shown, on whatever page of the list.
fn shown(fields: &[(&'static str, String)]) -> String {
    encode(fields.iter().filter(|(name, _)| *name != "cursor"))
}

/// Asks for another part of the log.
#[component]
fn EventFilter(filter: Memo<Fields>) -> impl IntoView {
    let field = move |name: &'static str, label: &'static str, kind: &'static str| {
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <input id=name name=name type=kind value=text(given(filter, name)) autocomplete="off"/>
            </div>
        }
    };
    let event = given(filter, "event");
    let choice = move |kind: &EventKind| {
        let name = kind.as_str();
        view! { <option value=name selected=flag(move || event() == name)>{title(name)}</option> }
    };
    view! {
        <FilterForm path="/admin/audit" role=None filter=filter>
            <div class="field">
                <label for="event">"Event"</label>
                <select id="event" name="event">
                    <option value="">"Any"</option>
                    {EventKind::ALL.iter().map(choice).collect_view()}
                </select>
            </div>
            {field("user_id", "Account ID", "text")}
            {field("from", "From", "date")}
            {field("to", "Before", "date")}
            <button type="submit">"Show"</button>
        </FilterForm>
    }
}

fn row(event: AuditEvent) -> impl IntoView {
    let title = event.title();
    let more: Vec<_> = event.detail.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    view! {
        <tr>
            <td data-label="When" class="wrapped"><Time at=event.at/></td>
            <td data-label="Event" title=event.event>{title}</td>
            <td data-label="By" class="address">{person(event.actor)}</td>
            <td data-label="Account" class="address">{person(event.subject)}</td>
            <td data-label="From"><span>{event.device}</span><br/><span>{event.ip}</span></td>
            <td data-label="Details" class="wrapped">{more.join(", ")}</td>
        </tr>
    }
}

fn person(involved: Option<AuditParty>) -> impl IntoView {
    involved.map(|AuditParty { id, email }| {
        let shown = email.unwrap_or_else(|| format!("deleted ({id})"));
        view! { <a href=format!("/admin/users/{id}")>{shown}</a> }
    })
}

/// An event in a person's own words: what, when, from where.
pub fn event_line(event: &AuditEvent) -> impl IntoView + use<> {
    let from =
        if event.ip.is_empty() { event.device.clone() } else { format!("{} · {}", event.device, event.ip) };
    view! { <li><strong>{event.title()}</strong><span class="dot">" · "</span><Time at=event.at.clone()/><span class="dot">" · "</span><span>{from}</span></li> }
}
