//! Accounts, for administrators.

use leptos::prelude::*;

use crate::{
    api::users::{InviteUser, ListUsers},
    app::{
        components::{
            action::{NextPage, columns},
            form::{
                ErrorSummary, Field, Form, FormState, NeedsJavaScript, PageTitle, RolesSelect, Search, Submit,
            },
            live::live,
        },
        data::{Answer, Loaded, from_address, load, shown},
    },
    model::{
        page::Page,
        person::{Invitation, Person},
        role::Roles,
    },
};

#[component]
pub fn Users() -> impl IntoView {
    let fields = from_address(&["query", "cursor"]);
    let users = load::<ListUsers>(fields);
    let row = |person: Person| {
        view! {
            <tr>
                <td><a href=format!("/admin/users/{}", person.id)>{person.email.to_string()}</a></td>
                <td>{person.display_name.to_string()}</td>
                <td>{person.roles.to_string().replace(' ', ", ")}</td>
                <td><span class=format!("state {}", person.state.as_str())>{person.state.as_str()}</span></td>
                <td>{person.created_at.to_minute()}</td>
            </tr>
        }
    };
    let table = move |page: Page<Person>| {
        view! {
            <div class="scroll" role="region" aria-label="Accounts" tabindex="0">
                <table>
                    {columns(&["Email", "Name", "Roles", "State", "Made"])}
                    <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <NextPage path="/admin/users" fields=fields() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Accounts"/>
        <NeedsJavaScript/>
        <Search path="/admin/users" label="Email or name begins with"/>
        <Loaded answer=users view=shown(table)/>
        <Invite list=users/>
    }
}

/// Making an account. The link is shown once, to be handed to whom it is for.
#[component]
fn Invite(list: Answer) -> impl IntoView {
    let form = FormState::of::<InviteUser>();
    let made = RwSignal::new(None::<Invitation>);
    form.on_success(move |invitation| {
        made.set(Some(invitation));
        list.refetch();
    });
    let result = move || {
        made.get().map(|invitation| {
            view! {
                <div class="reason" role="status">
                    <p>"The account of "<strong>{invitation.person.email.to_string()}</strong>" is made. Hand this link to its owner, who chooses a password on it. It works once, until "{invitation.expires_at.to_minute()}", and is not shown again:"</p>
                    <p><code class="link">{invitation.link}</code></p>
                </div>
            }
        })
    };
    view! {
        <details class="card">
            <summary>"Make an account for somebody"</summary>
            <ErrorSummary form=form labels=&[("email", "Email"), ("display_name", "Display name"), ("roles", "Roles")]/>
            {live(result)}
            <Form form=form>
                <Field form=form name="email" label="Email" kind="email" autocomplete="off"/>
                <Field form=form name="display_name" label="Display name" autocomplete="off"/>
                <RolesSelect held=Roles::default()/>
                <Submit form=form label="Make the account" busy="Making it…"/>
            </Form>
        </details>
    }
}
