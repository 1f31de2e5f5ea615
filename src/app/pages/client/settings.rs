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
        oauth::{
            client::{NewSecret, RegisteredClient},
            client_kind::AuthMethod,
        },
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
    ("auth_method", "Proves who it is by"),
    ("jwks", "Public keys"),
    ("require_pushed", "Authorization requests"),
    ("id_token_alg", "ID tokens are signed with"),
    ("claims_in_id_token", "ID tokens say"),
    ("access_ttl", "Access tokens live"),
    ("refresh_idle_ttl", "Unused refresh tokens live"),
    ("refresh_absolute_ttl", "Refresh tokens live at the longest"),
];

/// The fields in their sections, with what is registered in them.
pub fn settings(form: FormState, client: Option<RegisteredClient>) -> AnyView {
    let known = Known(client);
    let section = |title: &'static str, fields: AnyView| {
        view! { <fieldset><legend>{title}</legend>{fields}</fieldset> }
    };
    view! {
        {section("What it is", identity(form, &known))}
        {section("Addresses", addresses(form, &known))}
        {section("What it may do", permissions(form, &known))}
        {if known.may_prove() { section("How it proves who it is", proof(form, &known)).into_any() } else { no_proof() }}
        {section("Requests and tokens", tokens(form, &known))}
    }
    .into_any()
}

/// What is registered, if anything is.
struct Known(Option<RegisteredClient>);

impl Known {
    fn text(&self, read: fn(&RegisteredClient) -> &String) -> String {
        self.0.as_ref().map(read).cloned().unwrap_or_default()
    }

    fn maybe(&self, read: fn(&RegisteredClient) -> &Option<String>) -> String {
        self.0.as_ref().and_then(|client| read(client).clone()).unwrap_or_default()
    }

    fn lines(&self, read: fn(&RegisteredClient) -> &Vec<String>) -> Vec<String> {
        self.0.as_ref().map(read).cloned().unwrap_or_default()
    }

    /// A switch, as the form sends it.
    fn switch(&self, read: fn(&RegisteredClient) -> bool, usual: bool) -> &'static str {
        if self.0.as_ref().map_or(usual, read) { "true" } else { "false" }
    }

    /// Whether it may be a client that can keep a secret.
    fn may_prove(&self) -> bool {
        self.0.as_ref().is_none_or(|client| !client.kind.is_public())
    }
}

fn identity(form: FormState, known: &Known) -> AnyView {
    view! {
        <Field form=form name="name" label="Name" autocomplete="off" value=known.text(|client| &client.name)/>
        <OptionalLine form=form name="developer" label="Developer" hint="Who made it. People are told when they are asked for consent."
            value=known.maybe(|client| &client.developer)/>
    }
    .into_any()
}

fn addresses(form: FormState, known: &Known) -> AnyView {
    view! {
        <Lines form=form name="redirect_uri" label="Redirect URIs" hint="Where it may be answered, one per line. Each is compared character by character. A service and a device have none."
            lines=known.lines(|client| &client.redirect_uris)/>
        <Lines form=form name="post_logout_uri" label="Redirect URIs after signing out" hint="Where browsers may go after it has asked to sign out, one per line."
            lines=known.lines(|client| &client.post_logout_uris)/>
        <OptionalLine form=form name="backchannel_logout_uri" label="Back-channel logout URI" hint="Where it is told that somebody has signed out."
            value=known.maybe(|client| &client.backchannel_logout_uri)/>
    }
    .into_any()
}

fn permissions(form: FormState, known: &Known) -> AnyView {
    let usual = "With spaces between: openid, profile, email, groups, roles, offline_access, or those of your services.";
    let usual_if_empty = "With spaces between: openid, profile, email, groups, roles, offline_access, or those of your services. \
                          Leave it empty for the usual ones of its kind.";
    let scopes = if known.0.is_some() { usual } else { usual_if_empty };
    let consent = vec![("false", "Each person is asked"), ("true", "Nobody is asked: it is trusted")];
    view! {
        <OptionalLine form=form name="scope" label="Scopes" hint=scopes value=known.text(|client| &client.scope)/>
        <Lines form=form name="resource" label="Resources" hint="Services for which it may ask access tokens, one address per line."
            lines=known.lines(|client| &client.resources)/>
        <Lines form=form name="group" label="Groups" hint="Who may use it, one group per line. Without any it is for everybody."
            lines=known.lines(|client| &client.groups)/>
        <Choice form=form name="trusted" label="Consent" hint="" options=consent chosen=known.switch(|client| client.trusted, false)/>
    }
    .into_any()
}

fn proof(form: FormState, known: &Known) -> AnyView {
    let method = known.0.as_ref().map(|client| client.auth_method);
    let usual = method.is_none().then_some(("", "What is usual for its kind"));
    let proving = AuthMethod::ALL.iter().filter(|method| **method != AuthMethod::None);
    let methods = proving.map(|method| (method.as_str(), method.in_words()));
    view! {
        <Choice form=form name="auth_method" label="Proves who it is by" hint="" options=usual.into_iter().chain(methods).collect()
            chosen=method.map_or("", AuthMethod::as_str)/>
        <Lines form=form name="jwks" label="Public keys" hint="Only for a client that signs: a JSON Web Key Set without private keys, or the address where it is."
            lines=known.maybe(|client| &client.jwks).lines().map(str::to_owned).collect()/>
    }
    .into_any()
}

/// What is sent of a client that can keep no secret.
fn no_proof() -> AnyView {
    view! {
        <input type="hidden" name="auth_method" value=AuthMethod::None.as_str()/>
        <input type="hidden" name="jwks" value=""/>
    }
    .into_any()
}

fn tokens(form: FormState, known: &Known) -> AnyView {
    let requests =
        vec![("false", "Come with the browser or are pushed"), ("true", "Must be pushed (RFC 9126)")];
    let algorithms = ClientAlgorithm::ALL.map(|algorithm| (algorithm.as_str(), algorithm.as_str()));
    let algorithm = known.0.as_ref().map(|client| client.id_token_alg).unwrap_or_default();
    let claims = vec![
        ("true", "Who it is, name, email, groups and roles, by scope"),
        ("false", "Who it is alone; the rest is at the userinfo endpoint"),
    ];
    view! {
        <Choice form=form name="require_pushed" label="Authorization requests" hint="" options=requests chosen=known.switch(|client| client.require_pushed, false)/>
        <Choice form=form name="id_token_alg" label="ID tokens are signed with" hint="" options=algorithms.to_vec() chosen=algorithm.as_str()/>
        <Choice form=form name="claims_in_id_token" label="ID tokens say" hint="" options=claims chosen=known.switch(|client| client.claims_in_id_token, true)/>
        <OptionalLine form=form name="access_ttl" label="Access tokens live" hint="Like 90s or 5m, up to 1h. A service that verifies them by itself notices only then that somebody has signed out. Empty: as the server is configured."
            value=known.maybe(|client| &client.access_ttl)/>
        <OptionalLine form=form name="refresh_idle_ttl" label="Unused refresh tokens live" hint="Like 12h or 30d. Empty: 30 days."
            value=known.maybe(|client| &client.refresh_idle_ttl)/>
        <OptionalLine form=form name="refresh_absolute_ttl" label="Refresh tokens live at the longest" hint="Like 90d, however often they are used. Without offline_access they end with the session anyway. Empty: 180 days."
            value=known.maybe(|client| &client.refresh_absolute_ttl)/>
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
