//! Providers through which people come in, for administrators.

use leptos::prelude::*;

use super::{
    clients::state,
    provider::settings::{LABELS, new_provider},
};
use crate::{
    api::providers::{AddProvider, ListAllProviders},
    app::{
        components::{
            action::columns,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            loading::LoadingHint,
            time::Time,
        },
        resource::{Answer, Await, load, render},
    },
    model::upstream::report::{ProviderDetails, ProviderList, ProviderReport},
};

#[component]
pub fn Providers() -> impl IntoView {
    let providers = load::<ListAllProviders>(Vec::new);
    let list = |ProviderList { items, redirect_uri }: ProviderList| {
        view! {
            {if items.is_empty() { empty().into_any() } else { table(items).into_any() }}
            <h2>"Before you add one"</h2>
            <p>"At the provider, register Latchkey as a web app with this redirect URI. In place of SLUG stands the word that you choose for the provider:"</p>
            <p><code class="link">{redirect_uri}</code></p>
        }
        .into_any()
    };
    view! {
        <PageTitle title="Providers"/>
        <LoadingHint/>
        <p>"People can sign in through these, besides with a password or a passkey. Who somebody is there decides, never an email address."</p>
        <Await answer=providers view=render(list)/>
        <Add list=providers/>
    }
}

fn empty() -> impl IntoView {
    view! {
        <div class="empty" role="region" aria-label="Providers">
            <p>"There are no providers. Add the first one below."</p>
        </div>
    }
}

fn table(items: Vec<ProviderDetails>) -> impl IntoView {
    view! {
        <div class="scroll" role="region" aria-label="Providers" tabindex="0">
            <table>
                {columns(&["Name", "Issuer", "New accounts", "Linked accounts", "State", "Last discovery"])}
                <tbody>{items.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(ProviderDetails { provider, accounts }: ProviderDetails) -> impl IntoView {
    let ProviderReport { slug, name, issuer, sign_up, enabled, discovered_at, discovery_failure, .. } =
        provider;
    let discovery = match discovery_failure {
        Some(failure) => view! { "Failed "<Time at=failure.at/> }.into_any(),
        None => view! { <Time at=discovered_at/> }.into_any(),
    };
    view! {
        <tr>
            <td data-label="Name" class="wrapped"><a href=format!("/admin/providers/{slug}")>{name}</a></td>
            <td data-label="Issuer" class="address">{issuer}</td>
            <td data-label="New accounts" class="wrapped">{sign_up}</td>
            <td data-label="Linked accounts">{accounts}</td>
            <td data-label="State">{state(enabled)}</td>
            <td data-label="Last discovery">{discovery}</td>
        </tr>
    }
}

#[component]
fn Add(list: Answer) -> impl IntoView {
    let form = FormState::of::<AddProvider>();
    form.on_success(move |_: ProviderReport| list.refetch());
    view! {
        <details class="card">
            <summary>"Add a provider"</summary>
            <ErrorSummary form=form labels=LABELS/>
            <SuccessMessage form=form text="Added. People can sign in with it now."/>
            <Form form=form clears=&["slug", "issuer", "name", "client_id", "client_secret", "domain", "rule"]>
                {new_provider(form)}
                <Submit form=form label="Add provider" busy="Adding…"/>
            </Form>
        </details>
    }
}
