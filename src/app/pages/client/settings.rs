//! What can be set of a client, and the secret that it is given.

use leptos::prelude::*;

use crate::{
    app::components::{
        fields::Field,
        form::FormState,
        reactive::reactive,
        settings::{Choice, Lines, OptionalLine},
    },
    model::{
        client_algorithm::ClientAlgorithm,
        oauth::client::{NewSecret, RegisteredClient},
    },
};

/// The fields as an error names them.
pub const LABELS: &[(&str, &str)] = &[
    ("kind", "Kind"),
    ("name", "Name"),
    ("developer", "Developer"),
    ("redirect_uri", "Redirect URIs"),
    ("post_logout_uri", "Redirect URIs after signing out"),
    ("backchannel_logout_uri", "Back-channel logout URI"),
    ("scope", "Scopes"),
    ("resource", "Resources"),
    ("group", "Groups"),
    ("trusted", "Consent"),
    ("id_token_alg", "ID tokens are signed with"),
];

/// The fields, with what is registered in them.
pub fn settings(form: FormState, client: Option<RegisteredClient>) -> AnyView {
    let usual = "With spaces between: openid, profile, email, groups, roles, offline_access, or those of your services.";
    let usual_if_empty = "With spaces between: openid, profile, email, groups, roles, offline_access, or those of your services. \
                          Leave it empty for the usual ones of its kind.";
    let scopes = if client.is_some() { usual } else { usual_if_empty };
    let client = client.as_ref();
    let text = |read: fn(&RegisteredClient) -> String| client.map(read).unwrap_or_default();
    let lines = |read: fn(&RegisteredClient) -> &Vec<String>| client.map(read).cloned().unwrap_or_default();
    let algorithms = ClientAlgorithm::ALL.map(|algorithm| (algorithm.as_str(), algorithm.as_str()));
    let algorithm = client.map(|client| client.id_token_alg).unwrap_or_default();
    let consent = vec![("false", "Each person is asked"), ("true", "Nobody is asked: it is trusted")];
    let trusted = client.is_some_and(|client| client.trusted);
    view! {
        <Field form=form name="name" label="Name" autocomplete="off" value=text(|client| client.name.clone())/>
        <OptionalLine form=form name="developer" label="Developer" hint="Who made it. People are told when they are asked for consent."
            value=text(|client| client.developer.clone().unwrap_or_default())/>
        <Lines form=form name="redirect_uri" label="Redirect URIs" hint="Where it may be answered, one per line. Each is compared character by character. A service and a device have none."
            lines=lines(|client| &client.redirect_uris)/>
        <Lines form=form name="post_logout_uri" label="Redirect URIs after signing out" hint="Where browsers may go after it has asked to sign out, one per line."
            lines=lines(|client| &client.post_logout_uris)/>
        <OptionalLine form=form name="backchannel_logout_uri" label="Back-channel logout URI" hint="Where it is told that somebody has signed out."
            value=text(|client| client.backchannel_logout_uri.clone().unwrap_or_default())/>
        <OptionalLine form=form name="scope" label="Scopes" hint=scopes value=text(|client| client.scope.clone())/>
        <Lines form=form name="resource" label="Resources" hint="Services for which it may ask access tokens, one address per line."
            lines=lines(|client| &client.resources)/>
        <Lines form=form name="group" label="Groups" hint="Who may use it, one group per line. Without any it is for everybody."
            lines=lines(|client| &client.groups)/>
        <Choice form=form name="trusted" label="Consent" hint="" options=consent chosen=if trusted { "true" } else { "false" }/>
        <Choice form=form name="id_token_alg" label="ID tokens are signed with" hint="" options=algorithms.to_vec() chosen=algorithm.as_str()/>
    }
    .into_any()
}

/// Shows the secret that a client was given, once.
#[component]
pub fn NewSecretNotice(made: RwSignal<Option<NewSecret>>) -> impl IntoView {
    reactive(move || {
        made.get().map(|NewSecret { client_id, name, client_secret }| {
            view! {
                <div class="reason" role="status">
                    <p>"The client ID of "<a href=format!("/admin/clients/{client_id}")>{name}</a>":"</p>
                    <p><code class="link">{client_id}</code></p>
                    {client_secret.map(|secret| view! {
                        <p>"Its secret. Copy it now, for it is not shown again:"</p>
                        <p><code class="link">{secret}</code></p>
                    })}
                </div>
            }
        })
    })
}
