//! Signing keys, for administrators.

use leptos::{either::Either, prelude::*};

use crate::{
    api::keys::{RotateKeys, list_keys},
    app::components::form::{ErrorSummary, Form, FormState, PageTitle},
    model::signing_key::SigningKey,
};

#[component]
pub fn Keys() -> impl IntoView {
    let keys = Resource::new(|| (), |()| list_keys());
    let form = FormState::of::<RotateKeys>();
    form.on_success(move |rotated: Vec<SigningKey>| keys.set(Some(Ok(rotated))));
    view! {
        <PageTitle title="Signing keys"/>
        <p>"Access tokens are signed with the active key. Services verify them with the public keys at "
            <a href="/.well-known/jwks.json" rel="external">"/.well-known/jwks.json"</a>". A new key is published before it signs, and an old one stays until its last token has expired: nobody notices a rotation."</p>
        <ErrorSummary form=form labels=&[]/>
        <Form form=form>
            <button type="submit" disabled=form.pending>"Rotate now"</button>
        </Form>
        <Suspense fallback=|| view! { <p role="status">"Loading…"</p> }>
            {move || Suspend::new(async move {
                match keys.await {
                    Ok(keys) => Either::Left(view! { <KeyTable keys=keys/> }),
                    Err(error) => Either::Right(view! { <p role="alert" class="summary">{error.message}</p> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn KeyTable(keys: Vec<SigningKey>) -> impl IntoView {
    let row = |key: SigningKey| {
        let state = if key.revoked { "revoked".to_owned() } else { key.state };
        view! {
            <tr>
                <td><code>{key.kid}</code></td>
                <td>{key.algorithm}</td>
                <td><span class=format!("state {state}")>{state.clone()}</span></td>
                <td>{key.since.to_minute()}</td>
                <td>{key.until.map_or_else(|| "—".to_owned(), |until| until.to_minute())}</td>
                <td class="number">{key.sessions}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll" role="region" aria-label="Signing keys" tabindex="0">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Algorithm"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Until"</th>
                        <th scope="col" class="number">"Live sessions"</th>
                    </tr>
                </thead>
                <tbody>{keys.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
