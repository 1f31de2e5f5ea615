//! Signing in with providers. Each is a form of the browser's own: the server answers with a page that leads there.

use leptos::prelude::*;

use super::{
    confirm::hidden_fields,
    icon::{Icon, Sign},
};
use crate::{
    app::{page_data::PageData, resource::Fields},
    model::upstream::{linked::ProviderButton, preset::Preset},
};

/// One button for each provider. Nothing, if there is none.
#[component]
pub fn ProviderButtons(
    /// What is sent along.
    fields: Fields,
) -> impl IntoView {
    let PageData { providers, .. } = expect_context();
    let button = move |ProviderButton { slug, name, preset }: ProviderButton| {
        view! {
            <form method="post" action=format!("/auth/upstream/{slug}")>
                {hidden_fields(fields.clone())}
                <button type="submit">{mark(preset, &name)}{format!("Sign in with {name}")}</button>
            </form>
        }
    };
    (!providers.is_empty()).then(
        move || view! { <div class="providers">{providers.into_iter().map(button).collect_view()}</div> },
    )
}

/// What a provider is told by at a glance: a drawing of ours where one fits, or else its initial. Logos belong to others.
fn mark(preset: Preset, name: &str) -> AnyView {
    let icon = match preset {
        Preset::GitHub => Icon::Terminal,
        Preset::Keycloak => Icon::Shield,
        Preset::Latchkey => Icon::Key,
        _ => {
            let initial = name.chars().next().unwrap_or_default().to_string();
            return view! { <span class="initial" aria-hidden="true">{initial}</span> }.into_any();
        }
    };
    view! { <Sign icon=icon/> }.into_any()
}
