//! Clients, for administrators.

use leptos::prelude::*;

use super::client::settings::{LABELS, NewSecretNotice, settings};
use crate::{
    api::clients::{AddClient, ListClients},
    app::{
        components::{
            action::{NextPage, columns},
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            loading::LoadingHint,
            settings::Choice,
            time::Time,
        },
        resource::{Answer, Await, from_address, load, render},
    },
    model::{
        oauth::{
            client::{ClientSummary, NewSecret},
            client_kind::ClientKind,
        },
        page::Page,
    },
};

#[component]
pub fn Clients() -> impl IntoView {
    let fields = from_address(&["cursor"]);
    let clients = load::<ListClients>(move || fields.get());
    let table = move |page: Page<ClientSummary>| {
        if page.items.is_empty() {
            return view! {
                <div class="empty" role="region" aria-label="Clients">
                    <p>"No client is registered. Add the first one below."</p>
                </div>
            }
            .into_any();
        }
        view! {
            <div class="scroll" role="region" aria-label="Clients" tabindex="0">
                <table>
                    {columns(&["Name", "Kind", "Consent", "State", "Created"])}
                    <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <NextPage path="/admin/clients" fields=fields.get() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Clients"/>
        <LoadingHint/>
        <p>"Clients are the apps that sign people in with Latchkey, and the services that ask it for tokens."</p>
        <Await answer=clients view=render(table)/>
        <Add list=clients/>
    }
}

fn row(client: ClientSummary) -> impl IntoView {
    let ClientSummary { client_id, name, kind, trusted, enabled, created_at } = client;
    let consent = match (kind, trusted) {
        (ClientKind::Service, _) => "—",
        (_, true) => "not asked",
        (_, false) => "asked",
    };
    view! {
        <tr>
            <td data-label="Name" class="wrapped"><a href=format!("/admin/clients/{client_id}")>{name}</a></td>
            <td data-label="Kind">{kind.as_str()}</td>
            <td data-label="Consent">{consent}</td>
            <td data-label="State">{state(enabled)}</td>
            <td data-label="Created"><Time at=created_at/></td>
        </tr>
    }
}

/// Whether a client is enabled, as people see it.
pub fn state(enabled: bool) -> impl IntoView {
    let state = if enabled { "active" } else { "disabled" };
    view! { <span class=format!("state {state}")>{state}</span> }
}

/// Registering a client. Its secret is shown once.
#[component]
fn Add(list: Answer) -> impl IntoView {
    let form = FormState::of::<AddClient>();
    let made = RwSignal::new(None::<NewSecret>);
    form.on_success(move |added| {
        let _ = made.try_set(Some(added));
        list.refetch();
    });
    let kinds = ClientKind::ALL.iter().map(|kind| (kind.as_str(), kind.description())).collect();
    view! {
        // Apart from the form, whose errors are about another client.
        <NewSecretNotice made=made/>
        <details class="card">
            <summary>"Add a client"</summary>
            <ErrorSummary form=form labels=LABELS/>
            <Form form=form clears=&["name", "developer", "redirect_uri", "post_logout_uri", "backchannel_logout_uri"]>
                <Choice form=form name="kind" label="Kind" hint="" options=kinds chosen=ClientKind::Web.as_str()/>
                {settings(form, None)}
                <Submit form=form label="Add client" busy="Adding…"/>
            </Form>
        </details>
    }
}
