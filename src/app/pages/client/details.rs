//! What an administrator sees of one client, and what can be done with it.

use leptos::prelude::*;

use super::{
    Forms,
    settings::{LABELS, NewSecretNotice, settings},
    users::Users,
};
use crate::{
    app::{
        components::{
            action::{ActionButton, columns},
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
    model::oauth::{
        client::{ClientReport, RefusedRedirect, RegisteredClient, SecretLifetime},
        client_kind::AuthMethod,
    },
};

/// The client as it was answered last, and its forms.
pub fn details(client: Kept<ClientReport>, forms: &Forms, fields: &Fields) -> AnyView {
    let forms = *forms;
    let refused = move || {
        let refused = client.read(|report| report.refused_redirects.clone()).unwrap_or_default();
        (!refused.is_empty()).then(|| view! { <Refused refused=refused/> })
    };
    view! {
        <Facts client=client/>
        {reactive(refused)}
        <Users fields=fields.clone()/>
        <div class="panels">
            <Settings client=client forms=forms fields=fields.clone()/>
            <div class="panels">
                <Secrets client=client forms=forms fields=fields.clone()/>
                {ending(client, &forms.ending, fields.clone())}
            </div>
        </div>
    }
    .into_any()
}

/// The client's name, for a question.
fn name_of(client: Kept<ClientReport>) -> String {
    untrack(|| client.read(|report| report.client.name.clone())).unwrap_or_default()
}

#[component]
fn Facts(client: Kept<ClientReport>) -> impl IntoView {
    let fact = move |read: fn(&RegisteredClient) -> AnyView| {
        reactive(move || client.read(|report| read(&report.client)))
    };
    view! {
        {subject(move || client.read(|report| report.client.name.clone()))}
        <dl class="facts">
            <dt>"Client ID"</dt>
            <dd>{fact(|client| view! { <code>{client.client_id.clone()}</code> }.into_any())}</dd>
            <dt>"Kind"</dt>
            <dd>{fact(|client| client.kind.description().into_any())}</dd>
            <dt>"Proves who it is by"</dt>
            <dd>{fact(|client| client.auth_method.in_words().into_any())}</dd>
            <dt>"State"</dt>
            <dd>{fact(|client| state(client.enabled).into_any())}</dd>
            <dt>"Created"</dt>
            <dd>{fact(|client| view! { <Time at=client.created_at.clone()/> }.into_any())}</dd>
        </dl>
    }
}

/// Where the client asked to be answered, beside what is registered.
#[component]
fn Refused(refused: Vec<RefusedRedirect>) -> impl IntoView {
    let row = |refused: RefusedRedirect| {
        let RefusedRedirect { redirect_uri, nearest, times, last_at } = refused;
        let received = if redirect_uri.is_empty() { "none was named".to_owned() } else { redirect_uri };
        view! {
            <tr>
                <td data-label="Received" class="address"><code>{received}</code></td>
                <td data-label="Registered" class="address"><code>{nearest.unwrap_or_else(|| "—".to_owned())}</code></td>
                <td data-label="Times">{times}</td>
                <td data-label="Last"><Time at=last_at/></td>
            </tr>
        }
    };
    view! {
        <section aria-labelledby="refused">
            <h2 id="refused">"Redirect URIs that were refused"</h2>
            <p>"The client asked to be answered at these, and they are not registered. Beside each is the registered one that is most like it. The two must be the same in every character."</p>
            <div class="scroll" role="region" aria-label="Refused redirect URIs" tabindex="0">
                <table>
                    {columns(&["Received", "Registered", "Times", "Last"])}
                    <tbody>{refused.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn Secrets(client: Kept<ClientReport>, forms: Forms, fields: Fields) -> impl IntoView {
    let has_secret = whether(move || {
        let method = client.read(|report| report.client.auth_method);
        method.is_some_and(AuthMethod::has_secret)
    });
    let line = |secret: &SecretLifetime| {
        let until = secret.expires_at.clone().map(|at| view! { ", ends "<Time at=at/> });
        view! { <li>"Made "<Time at=secret.created_at.clone()/>{until}</li> }
    };
    let lines = move || {
        client.read(|report| match report.secrets.as_slice() {
            [] => view! { <p>"This client has no secret yet. Rotate it to make one."</p> }.into_any(),
            secrets => view! { <ul>{secrets.iter().map(line).collect_view()}</ul> }.into_any(),
        })
    };
    let rotate = || "The client gets a new secret. The one of now is good for one more day.".to_owned();
    let replace = || {
        "The client gets a new secret. Every other one stops working now, and so does the client until it has the new one.".to_owned()
    };
    let at_once = [fields.clone(), vec![("at_once", "true".to_owned())]].concat();
    let buttons = move || {
        if has_secret.get() {
            view! {
                {reactive(lines)}
                <NewSecretNotice made=forms.made/>
                <div class="row">
                    <ActionButton form=forms.rotate fields=fields.clone() label="Rotate the secret" confirm=consequence(rotate)/>
                    <ActionButton form=forms.replace fields=at_once.clone() label="Replace a leaked secret" class="danger" confirm=consequence(replace)/>
                </div>
            }
            .into_any()
        } else {
            view! { <p>"This client needs no secret."</p> }.into_any()
        }
    };
    view! {
        <section class="card">
            <h2>"Secret"</h2>
            {reactive(buttons)}
        </section>
    }
}

/// Disabling, enabling and removing.
fn ending(client: Kept<ClientReport>, forms: &EndingForms, fields: Fields) -> AnyView {
    let enabled = whether(move || client.read(|report| report.client.enabled).unwrap_or_default());
    let disable = move || {
        format!(
            "“{}” is signed out everywhere and signs nobody in until it is enabled again.",
            name_of(client)
        )
    };
    let remove = move || {
        format!(
            "“{}” is signed out everywhere, and all that was registered and allowed is deleted. This can't be undone.",
            name_of(client)
        )
    };
    let words = Words {
        hint: "A disabled client keeps what is registered. A removed one is gone; its ID is never used again.",
        disable: "Disable the client",
        enable: "Enable the client",
        remove: "Remove the client",
    };
    view! {
        <Ending words=words forms=*forms fields=fields enabled=enabled disables=consequence(disable)
            removes=consequence(remove)/>
    }
    .into_any()
}

#[component]
fn Settings(client: Kept<ClientReport>, forms: Forms, fields: Fields) -> impl IntoView {
    // As it was when the page came: what is being typed stays.
    let registered = untrack(|| client.read(|report| report.client.clone()));
    let id = fields.into_iter().map(|(_, id)| id).next();
    view! {
        <section class="card">
            <h2>"Settings"</h2>
            <ErrorSummary form=forms.update labels=LABELS/>
            <SuccessMessage form=forms.update text="Saved. The settings apply at once."/>
            <Form form=forms.update>
                <input type="hidden" name="client_id" value=id/>
                {settings(forms.update, registered)}
                <Submit form=forms.update label="Save settings" busy="Saving…"/>
            </Form>
        </section>
    }
}
