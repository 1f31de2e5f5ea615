//! Accounts, for administrators.

use leptos::prelude::*;

use crate::{
    api::users::{InviteUser, ListUsers},
    app::{
        components::{
            action::{Empty, NextPage, PasswordLinkNotice, columns},
            fields::{Field, RolesField},
            filter::Search,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit},
            loading::LoadingHint,
            time::Time,
        },
        resource::{Answer, Await, from_address, load, render},
    },
    model::{
        page::Page,
        role::Roles,
        user::{PasswordLink, UserSummary},
    },
};

#[component]
pub fn Users() -> impl IntoView {
    let fields = from_address(&["query", "cursor"]);
    let users = load::<ListUsers>(move || fields.get());
    let row = |user: UserSummary| {
        view! {
            <tr>
                <td data-label="Email" class="address"><a href=format!("/admin/users/{}", user.id)>{user.email.to_string()}</a></td>
                <td data-label="Name" class="wrapped">{user.display_name.to_string()}</td>
                <td data-label="Roles">{user.roles.to_string().replace(' ', ", ")}</td>
                <td data-label="State"><span class=format!("state {}", user.state.as_str())>{user.state.as_str()}</span></td>
                <td data-label="Created"><Time at=user.created_at/></td>
            </tr>
        }
    };
    let table = move |page: Page<UserSummary>| {
        if page.items.is_empty() {
            return view! { <Empty label="Accounts" text="No account begins like that." href="/admin/users" link="Show all accounts"/> }.into_any();
        }
        view! {
            <div class="scroll" role="region" aria-label="Accounts" tabindex="0">
                <table>
                    {columns(&["Email", "Name", "Roles", "State", "Created"])}
                    <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <NextPage path="/admin/users" fields=fields.get() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Accounts"/>
        <LoadingHint/>
        <Search path="/admin/users" label="Email or name begins with" filter=fields/>
        <Await answer=users view=render(table)/>
        <Invite list=users/>
    }
}

/// Inviting someone. The link is shown once, to be sent to them.
#[component]
fn Invite(list: Answer) -> impl IntoView {
    let form = FormState::of::<InviteUser>();
    let made = RwSignal::new(None::<PasswordLink>);
    form.on_success(move |invitation| {
        let _ = made.try_set(Some(invitation));
        list.refetch();
    });
    view! {
        // Apart from the form, whose errors are about another invitation.
        <PasswordLinkNotice made=made/>
        <details class="card">
            <summary>"Invite someone"</summary>
            <ErrorSummary form=form labels=&[("email", "Email"), ("display_name", "Display name"), ("roles", "Roles")]/>
            <Form form=form>
                <Field form=form name="email" label="Email" kind="email" autocomplete="off"/>
                <Field form=form name="display_name" label="Display name" autocomplete="off"/>
                <RolesField held=Roles::default()/>
                <Submit form=form label="Create invitation" busy="Creating…"/>
            </Form>
        </details>
    }
}
