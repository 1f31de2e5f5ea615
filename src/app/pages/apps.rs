//! The apps that one has allowed something.

use leptos::prelude::*;

use crate::{
    api::apps::{ListApps, RevokeApp},
    app::{
        components::{
            action::ActionButton,
            confirm::consequence,
            form::{FormState, PageTitle},
            loading::LoadingHint,
            reactive::{reactive, whether},
            time::Time,
        },
        list::{List, all_of, show},
        resource::load,
    },
    model::oauth::app::AllowedApp,
};

#[component]
pub fn Apps() -> impl IntoView {
    let list = List::new(load::<ListApps>(Vec::new));
    let reader = all_of(
        |app: &AllowedApp| app.client_id.clone(),
        |app, list| view! { <Item app=app list=list/> }.into_any(),
    );
    let any = whether(move || list.len() > 0);
    let around = move |items: AnyView| {
        view! {
            <ul class="items">{items}</ul>
            {reactive(move || (!any.get()).then(|| view! {
                <div class="empty" role="region" aria-label="Apps">
                    <p>"No app has access to your account. When you sign in to one with Latchkey, it is listed here."</p>
                </div>
            }))}
        }
        .into_any()
    };
    view! {
        <PageTitle title="Your apps"/>
        <LoadingHint/>
        <p>"These apps sign you in with your account here. If you no longer use one, take its access back."</p>
        <p>"A program or a device shows you a code? "<a href="/device">"Connect it"</a></p>
        {show(list, reader, around)}
    }
}

#[component]
fn Item(app: AllowedApp, list: List) -> impl IntoView {
    let AllowedApp { client_id, name, developer, may, trusted, since, last_used_at } = app;
    view! {
        <li class="card wide" data-item=client_id.clone()>
            <h2>{name.clone()}</h2>
            {trusted.then(|| view! { <p class="hint">"An administrator has allowed this app for everybody. It signs you in without asking."</p> })}
            <dl class="facts">
                {developer.map(|developer| view! { <dt>"Developer"</dt><dd>{developer}</dd> })}
                <dt>"It may"</dt>
                <dd><ul>{may.into_iter().map(|wish| view! { <li>{wish}</li> }).collect_view()}</ul></dd>
                <dt>"Allowed"</dt>
                <dd><Time at=since/></dd>
                <dt>"Last used"</dt>
                <dd>{match last_used_at {
                    Some(at) => view! { <Time at=at/> }.into_any(),
                    None => "never".into_any(),
                }}</dd>
            </dl>
            <Revoke id=client_id.clone() name=name list=list/>
        </li>
    }
}

#[component]
fn Revoke(id: String, name: String, list: List) -> impl IntoView {
    let form = FormState::of::<RevokeApp>();
    let (item, app) = (id.clone(), name.clone());
    form.on_success(move |()| list.remove(&item, format!("“{app}” has no access any more.")));
    let says = move || {
        format!(
            "“{name}” will be signed out and gets nothing more of your account unless you sign in to it again."
        )
    };
    view! { <ActionButton form=form fields=vec![("client_id", id)] label="Take access back" confirm=consequence(says)/> }
}
