//! Passkeys.

use leptos::{ev::MouseEvent, prelude::*};
use server_fn::ServerFn;

use super::Overview;
use crate::{
    api::passkeys::{AddPasskey, ListPasskeys, PasskeyCreationOptions, RemovePasskey, RenamePasskey},
    app::{
        components::{
            action::ActionButton,
            confirm::consequence,
            form::{Form, FormError, FormState, Submit, SuccessMessage},
            passkey::{begin, send, tell_browser},
            reactive::{effect, flag, on, reactive, whether, word},
            time::Time,
        },
        hydrated::Hydrated,
        list::{List, page_of, show},
        resource::load,
    },
    client::{
        http::Request,
        passkeys::{self, Ask},
    },
    model::{display_name::DisplayName, passkey::Passkey},
};

#[component]
pub fn Passkeys(overview: Overview) -> impl IntoView {
    // Which of them there are, another section tells, too.
    provide_context(overview);
    let list = List::new(load::<ListPasskeys>(Vec::new));
    let reader = page_of(
        |item: &Passkey| item.id.to_string(),
        |item, list| view! { <Item item=item list=list/> }.into_any(),
    );
    let any = whether(move || list.len() > 0);
    let around = move |items: AnyView| {
        view! {
            <ul class="rows">{items}</ul>
            {reactive(move || (!any.get()).then(|| view! { <p class="hint">"You have none yet."</p> }))}
        }
        .into_any()
    };
    effect(tell_browser);
    view! {
        <section class="card wide method" aria-labelledby="passkeys">
            <div>
                <h2 id="passkeys">"Passkeys"</h2>
                <p>"A passkey signs you in with your fingerprint, your face or the PIN of your device, without a password. It works on this site alone, so nobody can trick you out of it."</p>
            </div>
            <Add list=list/>
            <div>{show(list, reader, around)}</div>
        </section>
    }
}

#[component]
fn Add(list: List) -> impl IntoView {
    let (hydrated, unsupported) = (Hydrated::current(), RwSignal::new(false));
    effect(move || unsupported.set(!passkeys::are_supported()));
    let (form, overview) = (FormState::of::<AddPasskey>(), expect_context::<Overview>());
    form.on_success(move |added: Passkey| {
        list.bring_back(added.id.as_str());
        overview.refetch();
        tell_browser();
    });
    let press = move |_: MouseEvent| begin(form, make(form));
    view! {
        <div class="action">
            <button type="button" disabled=flag(move || !hydrated.get() || unsupported.get())
                aria-disabled=word("true", move || form.pending.get()) on:click=on(press)>"Add a passkey"</button>
            {reactive(move || unsupported.get().then(|| view! { <p class="hint">"This browser has no passkeys."</p> }))}
            <SuccessMessage form=form text="Passkey added."/>
            <FormError form=form/>
        </div>
    }
}

async fn make(form: FormState) {
    send(form, Ask::Create, Request::new(PasskeyCreationOptions::PATH, String::new()), "").await;
}

#[component]
fn Item(item: Passkey, list: List) -> impl IntoView {
    let name = RwSignal::new(item.name.to_string());
    let id = item.id.to_string();
    view! {
        <li data-item=id.clone()>
            <h3>{reactive(move || name.get())}</h3>
            <dl class="facts">
                <dt>"Added"</dt>
                <dd><Time at=item.created_at/></dd>
                <dt>"Last used"</dt>
                <dd>{match item.last_used_at {
                    Some(at) => view! { <Time at=at/> }.into_any(),
                    None => "never".into_any(),
                }}</dd>
                <dt>"Kept"</dt>
                <dd>{if item.synced { "synced to your other devices" } else { "only on this device: add a second passkey for when you lose it" }}</dd>
            </dl>
            <div class="row">
                <Remove id=id.clone() name=name list=list/>
                <Rename id=id.clone() name=name/>
            </div>
        </li>
    }
}

#[component]
fn Rename(id: String, name: RwSignal<String>) -> impl IntoView {
    let form = FormState::of::<RenamePasskey>();
    form.on_success(move |given: DisplayName| {
        // The passkey may have gone from the list meanwhile.
        let _ = name.try_set(given.to_string());
    });
    let field = format!("name-{id}");
    view! {
        <details>
            <summary>"Rename"</summary>
            <Form form=form>
                <input type="hidden" name="passkey_id" value=id/>
                <label for=field.clone()>"Name"</label>
                <input id=field type="text" name="name" maxlength="100" autocomplete="off" required value=name.get_untracked()/>
                <Submit form=form label="Save name" class=""/>
                <SuccessMessage form=form text="Name saved."/>
                <FormError form=form/>
            </Form>
        </details>
    }
}

#[component]
fn Remove(id: String, name: RwSignal<String>, list: List) -> impl IntoView {
    let (form, overview) = (FormState::of::<RemovePasskey>(), expect_context::<Overview>());
    // The passkey may have gone from the list when its end is told.
    let called = move || name.try_get_untracked().unwrap_or_default();
    let item = id.clone();
    form.on_success(move |()| {
        list.remove(&item, format!("“{}” was removed.", called()));
        overview.refetch();
        tell_browser();
    });
    let says = move || {
        format!("“{}” will sign you in no more. You will be signed out everywhere but here.", called())
    };
    view! { <ActionButton form=form fields=vec![("passkey_id", id)] label="Remove this passkey" confirm=consequence(says)/> }
}
