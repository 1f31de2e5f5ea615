//! The providers that one can sign in with: linking and unlinking them.

use leptos::{either::Either, prelude::*};

use crate::{
    api::providers::{LinkProvider, ListProviders, UnlinkProvider},
    app::{
        components::{
            action::ActionButton,
            confirm::consequence,
            form::FormState,
            reactive::{reactive, whether},
            time::Time,
        },
        list::{List, all_of, show},
        resource::{Answer, load},
        session::go_to,
    },
    model::upstream::linked::{LinkAddress, LinkedProvider},
};

/// Asks for them, where the page is made.
pub fn linked() -> Answer {
    load::<ListProviders>(Vec::new)
}

/// Nothing, where there is no provider.
#[component]
pub fn Providers(answer: Answer) -> impl IntoView {
    let list = List::new(answer);
    // One that was linked or unlinked is another item.
    let reader = all_of(
        |provider: &LinkedProvider| format!("{} {}", provider.slug, provider.email.is_some()),
        |provider, list| view! { <Item provider=provider list=list/> }.into_any(),
    );
    let any = whether(move || list.len() > 0);
    let around = move |items: AnyView| {
        view! {
            {reactive(move || any.get().then(|| view! { <h2>"Sign in with other providers"</h2> }))}
            <ul class="items">{items}</ul>
        }
        .into_any()
    };
    show(list, reader, around)
}

#[component]
fn Item(provider: LinkedProvider, list: List) -> impl IntoView {
    let LinkedProvider { slug, name, email, linked_at } = provider;
    let (slug, title) = (slug.to_string(), name.clone());
    let state = match email {
        None => Either::Left(view! { <p>"Not linked."</p><Link slug=slug.clone()/> }),
        Some(email) => Either::Right(view! {
            <p>
                "Linked"{(!email.is_empty()).then(|| format!(" as {email}"))}
                {linked_at.map(|at| view! { ", "<Time at=at/> })}"."
            </p>
            <Again slug=slug.clone()/>
            <Unlink slug=slug.clone() name=name list=list/>
        }),
    };
    view! {
        <li class="card wide" data-item=slug>
            <h3>{title}</h3>
            {state}
        </li>
    }
}

#[component]
fn Link(slug: String) -> impl IntoView {
    let form = FormState::of::<LinkProvider>();
    form.on_success(|LinkAddress { address }| go_to(&address));
    view! { <ActionButton form=form fields=vec![("provider", slug)] label="Link"/> }
}

/// Proves once more who is signed in, without a password. The form is the browser's own: the server leads there and back.
#[component]
fn Again(slug: String) -> impl IntoView {
    view! {
        <form method="post" action=format!("/auth/upstream/{slug}")>
            <input type="hidden" name="again" value="true"/>
            <input type="hidden" name="next" value="/account/security"/>
            <button type="submit">"Confirm that it is you"</button>
        </form>
    }
}

#[component]
fn Unlink(slug: String, name: String, list: List) -> impl IntoView {
    let form = FormState::of::<UnlinkProvider>();
    form.on_success(move |()| list.refetch());
    let says = move || format!("You can\u{2019}t sign in with {name} any more.");
    view! { <ActionButton form=form fields=vec![("provider", slug)] label="Unlink" confirm=consequence(says)/> }
}
