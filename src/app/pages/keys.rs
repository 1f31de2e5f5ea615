//! Signing keys, for administrators.

use leptos::{either::Either, prelude::*};

use crate::{
    api::keys::{ListKeys, RotateKeys},
    app::{
        components::{
            action::{ActionButton, columns},
            confirm::consequence,
            form::{FormState, PageTitle},
            loading::LoadingHint,
            time::Time,
        },
        resource::{Await, load, render},
    },
    model::signing_key::SigningKey,
};

#[component]
pub fn Keys() -> impl IntoView {
    let keys = load::<ListKeys>(Vec::new);
    let form = FormState::of::<RotateKeys>();
    form.on_success(move |_: Vec<SigningKey>| keys.refetch());
    let says = || "New keys are published now and sign soon after. A rotation can't be undone.".to_owned();
    let row = |key: SigningKey| {
        let state = if key.revoked { "revoked".to_owned() } else { key.state };
        let until = match key.until {
            Some(until) => Either::Left(view! { <Time at=until/> }),
            None => Either::Right("—"),
        };
        view! {
            <tr>
                <td data-label="Key" class="address"><code>{key.kid}</code></td>
                <td data-label="Algorithm">{key.algorithm}</td>
                <td data-label="State"><span class=format!("state {state}")>{state.clone()}</span></td>
                <td data-label="Since"><Time at=key.since/></td>
                <td data-label="Until">{until}</td>
                <td data-label="Active sessions">{key.sessions}</td>
                <td data-label="Signs for">{if key.purpose == "portal" { "Latchkey" } else { "Apps" }}</td>
            </tr>
        }
    };
    let table = move |keys: Vec<SigningKey>| {
        view! {
            <div class="scroll" role="region" aria-label="Signing keys" tabindex="0">
                <table>
                    {columns(&["Key", "Algorithm", "State", "Since", "Until", "Active sessions", "Signs for"])}
                    <tbody>{keys.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Signing keys"/>
        <LoadingHint/>
        <p>"Tokens are signed with the active keys: those of Latchkey itself with one, those for apps with others. Services verify them with the "
            <a href="/.well-known/jwks.json" rel="external">"public keys"</a>
            ". A new key is published before it signs, and an old one stays published until its last token has expired, so a rotation interrupts nobody."</p>
        <ActionButton form=form label="Rotate the keys" confirm=consequence(says)/>
        <Await answer=keys view=render(table)/>
    }
}
