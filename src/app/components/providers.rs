//! Signing in with providers. Each is a form of the browser's own: the server answers with a page that leads there.

use leptos::prelude::*;

use super::confirm::hidden_fields;
use crate::{
    app::{page_data::PageData, resource::Fields},
    model::upstream::linked::ProviderButton,
};

/// One button for each provider. Nothing, if there is none.
#[component]
pub fn ProviderButtons(
    /// What is sent along.
    fields: Fields,
) -> impl IntoView {
    let PageData { providers, .. } = expect_context();
    let button = move |ProviderButton { slug, name, initial }: ProviderButton| {
        view! {
            <form method="post" action=format!("/auth/upstream/{slug}")>
                {hidden_fields(fields.clone())}
                <button type="submit"><span class="initial" aria-hidden="true">{initial}</span>{format!("Sign in with {name}")}</button>
            </form>
        }
    };
    (!providers.is_empty()).then(
        move || view! { <div class="providers">{providers.into_iter().map(button).collect_view()}</div> },
    )
}
