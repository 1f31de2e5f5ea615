//! One's own sessions.

use leptos::{either::Either, prelude::*};

use super::account::AccountNav;
use crate::{
    api::sessions::{ListSessions, RenameSession, RevokeOtherSessions, RevokeSession},
    app::{
        components::{
            action::Action,
            form::{Form, FormState, NeedsJavaScript, PageTitle, Problem, Submit},
        },
        data::{Answer, Loaded, load, shown},
    },
    model::{person::Revoked, session::SessionItem},
};

#[component]
pub fn Sessions() -> impl IntoView {
    let sessions = load::<ListSessions>(Vec::new);
    let list = move |items: Vec<SessionItem>| {
        let others = items.len() > 1;
        view! {
            <ul class="items">
                {items.into_iter().map(|item| view! { <Item item=item list=sessions/> }).collect_view()}
            </ul>
            {others.then(|| view! { <EndOthers list=sessions/> })}
        }
        .into_any()
    };
    view! {
        <PageTitle title="Your sessions"/>
        <AccountNav/>
        <NeedsJavaScript/>
        <p>"Each browser in which you are signed in. End one that you don't know, and change your password."</p>
        <Loaded answer=sessions view=shown(list)/>
    }
}

#[component]
fn Item(item: SessionItem, list: Answer) -> impl IntoView {
    let title = item.name.clone().unwrap_or_else(|| item.device.clone());
    let rename = FormState::of::<RenameSession>();
    rename.on_success(move |()| list.refetch());
    let id = item.id.to_string();
    let field = format!("name-{id}");
    view! {
        <li class="card wide">
            <h2>{title}{item.current.then(|| view! { " " <span class="state active">"This session"</span> })}</h2>
            <dl class="facts">
                <dt>"Device"</dt>
                <dd>{item.device}</dd>
                <dt>"Address"</dt>
                <dd>{item.ip}</dd>
                <dt>"Signed in"</dt>
                <dd>{item.created_at.to_minute()}</dd>
                <dt>"Last active"</dt>
                <dd>{item.last_seen_at.to_minute()}</dd>
            </dl>
            <div class="row">
                {if item.current { Either::Left(()) } else { Either::Right(view! { <End id=id.clone() list=list/> }) }}
                <details>
                    <summary>"Name it"</summary>
                    <Form form=rename>
                        <input type="hidden" name="session_id" value=id/>
                        <label for=field.clone()>"Name"</label>
                        <input id=field type="text" name="name" maxlength="60" autocomplete="off" value=item.name.unwrap_or_default()/>
                        <Submit form=rename label="Save name" class=""/>
                        <Problem form=rename/>
                    </Form>
                </details>
            </div>
        </li>
    }
}

#[component]
fn End(id: String, list: Answer) -> impl IntoView {
    let form = FormState::of::<RevokeSession>();
    form.on_success(move |()| list.refetch());
    view! { <Action form=form fields=vec![("session_id", id)] label="End this session"/> }
}

#[component]
fn EndOthers(list: Answer) -> impl IntoView {
    let form = FormState::of::<RevokeOtherSessions>();
    form.on_success(move |_: Revoked| list.refetch());
    view! { <Action form=form label="End all other sessions"/> }
}
