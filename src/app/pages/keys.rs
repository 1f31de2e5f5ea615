//! Signing keys, for administrators.

use leptos::prelude::*;

use crate::{
    api::keys::{ListKeys, RotateKeys},
    app::{
        components::{
            action::{Action, columns},
            form::{FormState, NeedsJavaScript, PageTitle},
        },
        data::{Loaded, load, shown},
    },
    model::signing_key::SigningKey,
};

#[component]
pub fn Keys() -> impl IntoView {
    let keys = load::<ListKeys>(Vec::new);
    let form = FormState::of::<RotateKeys>();
    form.on_success(move |_: Vec<SigningKey>| keys.refetch());
    let row = |key: SigningKey| {
        let state = if key.revoked { "revoked".to_owned() } else { key.state };
        view! {
            <tr>
                <td><code>{key.kid}</code></td>
                <td>{key.algorithm}</td>
                <td><span class=format!("state {state}")>{state.clone()}</span></td>
                <td>{key.since.to_minute()}</td>
                <td>{key.until.map_or_else(|| "—".to_owned(), |until| until.to_minute())}</td>
                <td>{key.sessions}</td>
            </tr>
        }
    };
    let table = move |keys: Vec<SigningKey>| {
        view! {
            <div class="scroll" role="region" aria-label="Signing keys" tabindex="0">
                <table>
                    {columns(&["Key", "Algorithm", "State", "Since", "Until", "Live sessions"])}
                    <tbody>{keys.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Signing keys"/>
        <NeedsJavaScript/>
        <p>"Access tokens are signed with the active key. Services verify them with the "
            <a href="/.well-known/jwks.json" rel="external">"public keys"</a>
            ". A new key is published before it signs, and an old one stays until its last token has expired: nobody notices a rotation."</p>
        <Action form=form label="Rotate now"/>
        <Loaded answer=keys view=shown(table)/>
    }
}
