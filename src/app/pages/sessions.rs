//! One's own sessions.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    api::sessions::{ListSessions, RenameSession, RevokeOtherSessions, RevokeSession},
    app::{
        components::{
            action::ActionButton,
            confirm::consequence,
            form::{Form, FormError, FormState, PageTitle, Submit, SuccessMessage},
            icon::{Sign, device_icon},
            loading::LoadingHint,
            reactive::{reactive, whether},
            time::Time,
        },
        list::{List, all_of, show},
        resource::load,
    },
    model::{session::SessionSummary, user::RevokedCount},
};

#[component]
pub fn Sessions() -> impl IntoView {
    let list = List::new(load::<ListSessions>(Vec::new));
    let reader = all_of(
        |item: &SessionSummary| item.id.to_string(),
        |item, list| view! { <Item item=item list=list/> }.into_any(),
    );
    let others = whether(move || list.len() > 1);
    let around = move |items: AnyView| {
        view! {
            <ul class="items">{items}</ul>
            {reactive(move || others.get().then(|| view! { <EndOthers list=list/> }))}
        }
        .into_any()
    };
    view! {
        <PageTitle title="Your sessions"/>
        <LoadingHint/>
        <p>"These are the browsers in which you are signed in. If you don't recognise one, end its session and change your password."</p>
        {show(list, reader, around)}
    }
}

#[component]
fn Item(item: SessionSummary, list: List) -> impl IntoView {
    let name = RwSignal::new(item.name.clone());
    let device = item.device.clone();
    // The session may have gone from the list when its end is told.
    let title = move || name.try_get().flatten().unwrap_or_else(|| device.clone());
    let shown = title.clone();
    let id = item.id.to_string();
    let end = (!item.current).then(|| view! { <End id=id.clone() title=Title(Arc::new(title)) list=list/> });
    view! {
        <li class="card wide" data-item=id.clone()>
            <div class="device">
                <Sign icon=device_icon(&item.device)/>
                <h2>{reactive(move || shown.clone()())}{item.current.then(|| view! { " " <span class="state active">"This session"</span> })}</h2>
                {item.new_device.then(|| view! { <span class="state unusual">"First time on this device"</span> })}
                {item.new_network.then(|| view! { <span class="state unusual">"First time in this network"</span> })}
            </div>
            <dl class="facts">
                <dt>"Device"</dt>
                <dd>{item.device}</dd>
                <dt>"Address"</dt>
                <dd>{item.ip}</dd>
                <dt>"Signed in"</dt>
                <dd><Time at=item.created_at/></dd>
                <dt>"Last active"</dt>
                <dd><Time at=item.last_seen_at/></dd>
            </dl>
            <div class="row">
                {end}
                <Rename id=id.clone() name=name/>
            </div>
        </li>
    }
}

/// What a session is called at the moment.
#[derive(Clone)]
struct Title(Arc<dyn Fn() -> String + Send + Sync>);

#[component]
fn Rename(id: String, name: RwSignal<Option<String>>) -> impl IntoView {
    let form = FormState::of::<RenameSession>();
    form.on_success(move |given: Option<String>| {
        // The session may have gone from the list meanwhile.
        let _ = name.try_set(given);
    });
    let field = format!("name-{id}");
    view! {
        <details>
            <summary>"Name it"</summary>
            <Form form=form>
                <input type="hidden" name="session_id" value=id/>
                <label for=field.clone()>"Name"</label>
                <input id=field type="text" name="name" maxlength="60" autocomplete="off" value=name.get_untracked().unwrap_or_default()/>
                <Submit form=form label="Save name" class=""/>
                <SuccessMessage form=form text="Name saved."/>
                <FormError form=form/>
            </Form>
        </details>
    }
}

#[component]
fn End(id: String, title: Title, list: List) -> impl IntoView {
    let form = FormState::of::<RevokeSession>();
    let (item, ended) = (id.clone(), title.clone());
    form.on_success(move |()| list.remove(&item, format!("“{}” was signed out.", (ended.0)())));
    let says = move || format!("“{}” will be signed out.", (title.0)());
    view! { <ActionButton form=form fields=vec![("session_id", id)] label="End this session" confirm=consequence(says)/> }
}

#[component]
fn EndOthers(list: List) -> impl IntoView {
    let form = FormState::of::<RevokeOtherSessions>();
    form.on_success(move |_: RevokedCount| list.replace("All other sessions have ended.".to_owned()));
    let says = || "You will be signed out everywhere but here.".to_owned();
    view! { <ActionButton form=form label="End all other sessions" confirm=consequence(says)/> }
}
