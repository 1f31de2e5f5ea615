//! One group and who is in it, for administrators.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::groups::{AddGroupMember, GetGroup, ListGroupMembers, RemoveGroup, RemoveGroupMember},
    app::{
        components::{
            action::ActionButton,
            confirm::consequence,
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            list_table::ListTable,
            loading::LoadingHint,
            navigation::{Breadcrumbs, GROUPS},
            reactive::reactive,
            subject::subject,
            time::Time,
        },
        kept::Kept,
        list::{List, one, page_of, show},
        resource::{Fields, from_address, from_path, load},
    },
    model::group::{GroupClient, GroupDetails, GroupMember},
};

#[component]
pub fn Group() -> impl IntoView {
    let fields = from_path("group_id");
    view! {
        <Breadcrumbs all=GROUPS here="Group"/>
        <PageTitle title="Group"/>
        <LoadingHint/>
        {one(move || fields.get().remove(0).1, |id| view! { <Details id=id/> }.into_any())}
    }
}

#[component]
fn Details(id: String) -> impl IntoView {
    let fields: Fields = vec![("group_id", id)];
    let asked = fields.clone();
    let answer = load::<GetGroup>(move || asked.clone());
    let group = Kept::<GroupDetails>::new(answer);
    group.show(move || {
        view! {
            <Facts group=group/>
            <Members fields=fields.clone()/>
            <Remove group=group fields=fields.clone()/>
        }
        .into_any()
    })
}

#[component]
fn Facts(group: Kept<GroupDetails>) -> impl IntoView {
    let client = |client: &GroupClient| {
        let GroupClient { client_id, name } = client.clone();
        view! { <li><a href=format!("/admin/clients/{client_id}")>{name}</a></li> }
    };
    let clients = move |details: &GroupDetails| {
        if details.clients.is_empty() {
            return "No client is for this group alone.".into_any();
        }
        view! { <ul>{details.clients.iter().map(client).collect_view()}</ul> }.into_any()
    };
    view! {
        {subject(move || group.read(|details| details.group.name.clone()))}
        <dl class="facts">
            <dt>"Created"</dt>
            <dd>{reactive(move || group.read(|details| view! { <Time at=details.group.created_at.clone()/> }))}</dd>
            <dt>"Clients"</dt>
            <dd>{reactive(move || group.read(clients))}</dd>
        </dl>
    }
}

#[component]
fn Members(fields: Fields) -> impl IntoView {
    let path = format!("/admin/groups/{}", fields[0].1);
    let cursor = from_address(&["cursor"]);
    let asked = fields.clone();
    let list = List::new(load::<ListGroupMembers>(move || [asked.clone(), cursor.get()].concat()));
    let reader = page_of(
        |member: &GroupMember| member.user_id.to_string(),
        |member, list| view! { <Row member=member list=list/> }.into_any(),
    );
    let around = move |rows: AnyView| {
        view! {
            <ListTable list=list rows=rows label="Members" empty="Nobody is in this group." path=path.clone() cursor=cursor
                names=&["Email", "Name", "Membership"]/>
        }
        .into_any()
    };
    view! {
        <h2>"Members"</h2>
        {show(list, reader, around)}
        <AddMember fields=fields list=list/>
    }
}

#[component]
fn Row(member: GroupMember, list: List) -> impl IntoView {
    let GroupMember { user_id, email, display_name } = member;
    view! {
        <tr data-item=user_id.to_string()>
            <td data-label="Email" class="address"><a href=format!("/admin/users/{user_id}")>{email.clone()}</a></td>
            <td data-label="Name" class="wrapped">{display_name}</td>
            <td data-label="Membership"><RemoveMember id=user_id.to_string() email=email list=list/></td>
        </tr>
    }
}

#[component]
fn AddMember(fields: Fields, list: List) -> impl IntoView {
    let form = FormState::of::<AddGroupMember>();
    form.on_success(move |member: GroupMember| list.bring_back(member.user_id.as_str()));
    let id = fields.into_iter().map(|(_, id)| id).next();
    view! {
        <section class="card">
            <h2>"Add a member"</h2>
            <ErrorSummary form=form labels=&[("email", "Email")]/>
            <SuccessMessage form=form text="Added."/>
            <Form form=form clears=&["email"]>
                <input type="hidden" name="group_id" value=id/>
                <Field form=form name="email" label="Email" kind="email" autocomplete="off"/>
                <Submit form=form label="Add member" busy="Adding…"/>
            </Form>
        </section>
    }
}

#[component]
fn RemoveMember(id: String, email: String, list: List) -> impl IntoView {
    let form = FormState::of::<RemoveGroupMember>();
    let whose = email.clone();
    form.on_success(move |()| list.remove(&id, format!("{whose} is no longer in this group.")));
    let fields = [from_path("group_id").get_untracked(), vec![("email", email.clone())]].concat();
    let says = move || {
        format!(
            "{email} is signed out of the clients that are for this group, unless another group of theirs may use them."
        )
    };
    view! { <ActionButton form=form fields=fields label="Remove" confirm=consequence(says)/> }
}

#[component]
fn Remove(group: Kept<GroupDetails>, fields: Fields) -> impl IntoView {
    let form = FormState::of::<RemoveGroup>();
    let navigate = use_navigate();
    form.on_success(move |()| {
        // Whoever has gone to another page stays there.
        if !form.pending.is_disposed() {
            navigate("/admin/groups", NavigateOptions::default());
        }
    });
    let says = move || {
        let name = untrack(|| group.read(|details| details.group.name.clone())).unwrap_or_default();
        format!("The group “{name}” is gone, and so are its memberships. The accounts stay.")
    };
    view! {
        <section class="card danger">
            <h2>"Removal"</h2>
            <p>"A group that a client is for can't be removed: the client would be for everybody."</p>
            <ActionButton form=form fields=fields label="Remove the group" class="danger" confirm=consequence(says)/>
        </section>
    }
}
