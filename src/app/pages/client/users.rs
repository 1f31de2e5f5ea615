//! Who uses a client, and taking that back.

use leptos::prelude::*;

use crate::{
    api::clients::{ListClientUsers, RevokeClientUser},
    app::{
        components::{
            action::ActionButton, confirm::consequence, form::FormState, list_table::ListTable, time::Time,
        },
        list::{List, page_of, show},
        resource::{Fields, from_address, from_path, load},
    },
    model::oauth::client::ClientUser,
};

#[component]
pub fn Users(fields: Fields) -> impl IntoView {
    let path = format!("/admin/clients/{}", fields[0].1);
    let cursor = from_address(&["cursor"]);
    let list = List::new(load::<ListClientUsers>(move || [fields.clone(), cursor.get()].concat()));
    let reader = page_of(
        |user: &ClientUser| user.user_id.to_string(),
        |user, list| view! { <Row user=user list=list/> }.into_any(),
    );
    let around = move |rows: AnyView| {
        view! {
            <ListTable list=list rows=rows label="Who uses it" empty="Nobody uses this client." path=path.clone() cursor=cursor
                names=&["Account", "Since", "Last used", "Signed in", "Allowed", "Access"]/>
        }
        .into_any()
    };
    view! {
        <h2>"Who uses it"</h2>
        {show(list, reader, around)}
    }
}

#[component]
fn Row(user: ClientUser, list: List) -> impl IntoView {
    let ClientUser { user_id, email, scope, since, last_used_at, sessions } = user;
    let id = user_id.to_string();
    view! {
        <tr data-item=id.clone()>
            <td data-label="Account" class="address"><a href=format!("/admin/users/{id}")>{email.clone()}</a></td>
            <td data-label="Since"><Time at=since/></td>
            <td data-label="Last used">{match last_used_at {
                Some(at) => view! { <Time at=at/> }.into_any(),
                None => "never".into_any(),
            }}</td>
            <td data-label="Signed in">{match sessions {
                0 => "no".to_owned(),
                1 => "once".to_owned(),
                times => format!("{times} times"),
            }}</td>
            <td data-label="Allowed" class="wrapped">{scope.unwrap_or_else(|| "not asked".to_owned())}</td>
            <td data-label="Access"><Revoke id=id.clone() email=email list=list/></td>
        </tr>
    }
}

#[component]
fn Revoke(id: String, email: String, list: List) -> impl IntoView {
    let form = FormState::of::<RevokeClientUser>();
    let (item, whose) = (id.clone(), email.clone());
    form.on_success(move |()| list.remove(&item, format!("{whose} is signed out of this client.")));
    let says = move || {
        format!(
            "The client signs {email} out and gets nothing more of their account, unless they sign in to it again."
        )
    };
    let fields = [from_path("client_id").get_untracked(), vec![("user_id", id)]].concat();
    view! { <ActionButton form=form fields=fields label="Revoke" confirm=consequence(says)/> }
}
