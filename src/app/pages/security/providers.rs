//! The providers that one can sign in with: linking and unlinking them.

use leptos::{either::Either, prelude::*};

use crate::{
    api::providers::{LinkProvider, ListProviders, UnlinkProvider},
    app::{
        components::{
            action::ActionButton,
            confirm::consequence,
            form::FormState,
            reactive::{flag, whether},
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
            <section class="card wide" aria-labelledby="providers" hidden=flag(move || !any.get())>
                <h2 id="providers">"Sign in with other providers"</h2>
                <ul class="rows">{items}</ul>
            </section>
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
        None => Either::Left(view! {
            <div><h3>{title}</h3><p>"Not linked."</p></div>
            <Link slug=slug.clone()/>
        }),
        Some(email) => Either::Right(view! {
            <div>
                <h3>{title}</h3>
                <p>"Linked"{(!email.is_empty()).then(|| format!(" as {email}"))}{linked_at.map(|at| view! { ", "<Time at=at/> })}"."</p>
            </div>
            <Unlink slug=slug.clone() name=name list=list/>
        }),
    };
    view! { <li class="method" data-item=slug>{state}</li> }
}

#[component]
fn Link(slug: String) -> impl IntoView {
    let form = FormState::of::<LinkProvider>();
    form.on_success(|LinkAddress { address }| go_to(&address));
    view! { <ActionButton form=form fields=vec![("provider", slug)] label="Link"/> }
}

#[component]
fn Unlink(slug: String, name: String, list: List) -> impl IntoView {
    let form = FormState::of::<UnlinkProvider>();
    form.on_success(move |()| list.refetch());
    let says = move || format!("You can\u{2019}t sign in with {name} any more.");
    view! { <ActionButton form=form fields=vec![("provider", slug)] label="Unlink" confirm=consequence(says)/> }
}
