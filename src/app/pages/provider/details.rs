//! What an administrator sees of one provider, and what can be done with it.

use leptos::prelude::*;

use super::{
    Forms,
    settings::{LABELS, known_provider},
};
use crate::{
    app::{
        components::{
            confirm::consequence,
            ending::{Ending, EndingForms, Words},
            form::{ErrorSummary, Form, Submit, SuccessMessage},
            reactive::{reactive, whether},
            subject::subject,
            time::Time,
        },
        kept::Kept,
        pages::clients::state,
        resource::Fields,
    },
    model::upstream::report::{DiscoveryFailure, ProviderDetails, ProviderReport},
};

/// The provider as it was answered last, and its forms.
pub fn details(provider: Kept<ProviderDetails>, forms: &Forms, fields: &Fields) -> AnyView {
    let forms = *forms;
    let failure = move || {
        let failure = provider.read(|details| details.provider.discovery_failure.clone()).flatten();
        failure.map(|failure| view! { <Failed failure=failure/> })
    };
    view! {
        {subject(move || provider.read(|details| details.provider.name.clone()))}
        {reactive(failure)}
        <Facts provider=provider/>
        <div class="panels">
            <Settings provider=provider forms=forms fields=fields.clone()/>
            <div class="panels">
                <Addresses provider=provider/>
                {ending(provider, &forms.ending, fields.clone())}
            </div>
        </div>
    }
    .into_any()
}

/// The provider's name, for a question.
fn name_of(provider: Kept<ProviderDetails>) -> String {
    untrack(|| provider.read(|details| details.provider.name.clone())).unwrap_or_default()
}

#[component]
fn Failed(failure: DiscoveryFailure) -> impl IntoView {
    view! {
        <div class="reason" role="status">
            <p>"The last discovery failed "<Time at=failure.at/>": "{failure.problem}</p>
            <p>"What the provider said before still counts. It is asked again soon."</p>
        </div>
    }
}

#[component]
fn Facts(provider: Kept<ProviderDetails>) -> impl IntoView {
    let fact = move |read: fn(&ProviderReport) -> AnyView| {
        reactive(move || provider.read(|details| read(&details.provider)))
    };
    view! {
        <dl class="facts">
            <dt>"Preset"</dt>
            <dd>{fact(|provider| provider.preset.label().into_any())}</dd>
            <dt>"Issuer"</dt>
            <dd>{fact(|provider| view! { <code>{provider.issuer.clone()}</code> }.into_any())}</dd>
            <dt>"State"</dt>
            <dd>{fact(|provider| state(provider.enabled).into_any())}</dd>
            <dt>"Linked accounts"</dt>
            <dd>{reactive(move || provider.read(|details| details.accounts))}</dd>
            <dt>"Last discovery"</dt>
            <dd>{fact(|provider| view! { <Time at=provider.discovered_at.clone()/> }.into_any())}</dd>
            <dt>"Added"</dt>
            <dd>{fact(|provider| view! { <Time at=provider.created_at.clone()/> }.into_any())}</dd>
        </dl>
    }
}

/// What the provider must know of us.
#[component]
fn Addresses(provider: Kept<ProviderDetails>) -> impl IntoView {
    let address = move |read: fn(&ProviderReport) -> &String| {
        let address = reactive(move || provider.read(|details| read(&details.provider).clone()));
        view! { <p><code class="link">{address}</code></p> }
    };
    view! {
        <section class="card">
            <h2>"To register at the provider"</h2>
            <h3>"Redirect URI"</h3>
            {address(|provider| &provider.redirect_uri)}
            <h3>"Back-channel logout URI"</h3>
            {address(|provider| &provider.backchannel_logout_uri)}
            <p class="hint">"With the second, whoever signs out there is signed out here too."</p>
        </section>
    }
}

#[component]
fn Settings(provider: Kept<ProviderDetails>, forms: Forms, fields: Fields) -> impl IntoView {
    // As it was when the page came: what is being typed stays.
    let known = untrack(|| provider.read(|details| details.provider.clone()));
    let slug = fields.into_iter().map(|(_, slug)| slug).next();
    view! {
        <section class="card">
            <h2>"Settings"</h2>
            <ErrorSummary form=forms.update labels=LABELS/>
            <SuccessMessage form=forms.update text="Saved. The settings apply to the next sign-in."/>
            <Form form=forms.update clears=&["client_secret"]>
                <input type="hidden" name="slug" value=slug/>
                {known.map(|known| known_provider(forms.update, &known))}
                <Submit form=forms.update label="Save settings" busy="Saving…"/>
            </Form>
        </section>
    }
}

/// Disabling, enabling and removing.
fn ending(provider: Kept<ProviderDetails>, forms: &EndingForms, fields: Fields) -> AnyView {
    let enabled = whether(move || provider.read(|details| details.provider.enabled).unwrap_or_default());
    let disable = move || {
        format!(
            "Nobody signs in with {} until it is enabled again. Whoever is signed in stays signed in.",
            name_of(provider)
        )
    };
    let remove = move || {
        let accounts = untrack(|| provider.read(|details| details.accounts)).unwrap_or_default();
        let name = name_of(provider);
        format!(
            "Who people are at {name} is forgotten. Accounts linked to it: {accounts}. Those without a password or a passkey \
             need a link from you to sign in again. This can\u{2019}t be undone."
        )
    };
    let words = Words {
        hint: "A disabled provider keeps who people are there. A removed one forgets it.",
        disable: "Disable the provider",
        enable: "Enable the provider",
        remove: "Remove the provider",
    };
    view! {
        <Ending words=words forms=*forms fields=fields enabled=enabled disables=consequence(disable)
            removes=consequence(remove)/>
    }
    .into_any()
}
