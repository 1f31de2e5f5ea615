//! Groups of accounts, for administrators.

use leptos::prelude::*;

use crate::{
    api::groups::{AddGroup, ListGroups},
    app::{
        components::{
            action::{NextPage, columns},
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            loading::LoadingHint,
            time::Time,
        },
        resource::{Answer, Await, from_address, load, render},
    },
    model::{group::GroupSummary, page::Page},
};

#[component]
pub fn Groups() -> impl IntoView {
    let fields = from_address(&["cursor"]);
    let groups = load::<ListGroups>(move || fields.get());
    let row = |GroupSummary { id, name, members, created_at }: GroupSummary| {
        view! {
            <tr>
                <td data-label="Name" class="wrapped"><a href=format!("/admin/groups/{id}")>{name}</a></td>
                <td data-label="Members">{members}</td>
                <td data-label="Created"><Time at=created_at/></td>
            </tr>
        }
    };
    let table = move |page: Page<GroupSummary>| {
        if page.items.is_empty() {
            return view! { <div class="empty" role="region" aria-label="Groups"><p>"There are no groups."</p></div> }.into_any();
        }
        view! {
            <div class="scroll" role="region" aria-label="Groups" tabindex="0">
                <table>
                    {columns(&["Name", "Members", "Created"])}
                    <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <NextPage path="/admin/groups" fields=fields.get() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Groups"/>
        <LoadingHint/>
        <p>"A client may be for certain groups alone. Clients that ask for it are told which groups somebody is in."</p>
        <Await answer=groups view=render(table)/>
        <Add list=groups/>
    }
}

#[component]
fn Add(list: Answer) -> impl IntoView {
    let form = FormState::of::<AddGroup>();
    form.on_success(move |_: GroupSummary| list.refetch());
    view! {
        <section class="card">
            <h2>"Add a group"</h2>
            <ErrorSummary form=form labels=&[("group", "Name")]/>
            <SuccessMessage form=form text="Added."/>
            <Form form=form clears=&["group"]>
                <Field form=form name="group" label="Name" autocomplete="off"/>
                <Submit form=form label="Add group" busy="Adding…"/>
            </Form>
        </section>
    }
}
