//! What can be set of a provider.

use leptos::prelude::*;

use crate::{
    app::components::{
        fields::Field,
        form::FormState,
        settings::{Choice, Lines, OptionalLine},
    },
    model::upstream::{preset::Preset, report::ProviderReport},
};

/// The fields as an error names them.
pub const LABELS: &[(&str, &str)] = &[
    ("preset", "Provider"),
    ("slug", "Slug"),
    ("issuer", "Issuer"),
    ("name", "Name"),
    ("client_id", "Client ID"),
    ("client_secret", "Client secret"),
    ("scope", "Scopes"),
    ("algorithm", "Algorithms"),
    ("sign_up", "New accounts"),
    ("domain", "Domains"),
    ("linking", "Linking"),
    ("rule", "Rules"),
    ("admin_by_rule", "Administrators by rule"),
    ("allow_private_address", "Where it may be"),
];

const YES_OR_NO: [&str; 2] = ["false", "true"];

/// The fields for a provider that is added.
pub fn new_provider(form: FormState) -> AnyView {
    let presets = Preset::ALL.iter().map(|preset| (preset.as_str(), preset.label())).collect();
    let about = view! {
        <Choice form=form name="preset" label="Provider" hint="" options=presets chosen=Preset::OpenId.as_str()/>
        <Field form=form name="slug" label="Slug" autocomplete="off" hint="A word for it in addresses, like google. It can\u{2019}t be changed later."/>
        <OptionalLine form=form name="issuer" label="Issuer" value=String::new()
            hint="The address that it calls itself, character by character. Google and GitHub need none. It can\u{2019}t be changed later."/>
    };
    settings(form, about.into_any(), &Known(None))
}

/// The fields for a provider that is there, with what is set.
pub fn known_provider(form: FormState, known: &ProviderReport) -> AnyView {
    settings(form, ().into_any(), &Known(Some(known)))
}

/// What is set, if it is there.
struct Known<'a>(Option<&'a ProviderReport>);

impl Known<'_> {
    fn text(&self, read: fn(&ProviderReport) -> &String) -> String {
        self.0.map(read).cloned().unwrap_or_default()
    }

    /// A switch, as the form sends it.
    fn switch(&self, read: fn(&ProviderReport) -> bool, usual: bool) -> &'static str {
        YES_OR_NO[usize::from(self.0.map_or(usual, read))]
    }

    /// The policy for new accounts, and its domains, one a line.
    fn sign_up(&self) -> (&'static str, Vec<String>) {
        let mut words = self.0.map_or("", |known| known.sign_up.as_str()).split(' ');
        let policy = words.next().unwrap_or_default();
        let known = POLICIES.iter().find(|(name, _)| *name == policy).map_or(POLICIES[0].0, |(name, _)| name);
        (known, words.map(str::to_owned).collect())
    }
}

/// Who gets an account by signing in, as the form sends it and in words.
const POLICIES: [(&str, &str); 4] = [
    ("closed", "Nobody gets one"),
    ("invited", "Whoever has an invitation"),
    ("domains", "Also whoever has a verified address of these domains"),
    ("open", "Everybody"),
];

fn settings(form: FormState, about: AnyView, known: &Known<'_>) -> AnyView {
    let section = |title: &'static str, fields: AnyView| {
        view! { <fieldset><legend>{title}</legend>{fields}</fieldset> }
    };
    view! {
        {section("What it is", view! { {about}{identity(form, known)} }.into_any())}
        {section("Who may come in", people(form, known))}
        {section("Roles and groups", rules(form, known))}
        {section("How it is asked", protocol(form, known))}
    }
    .into_any()
}

fn identity(form: FormState, known: &Known<'_>) -> AnyView {
    let secret = match known.0 {
        Some(_) => "It is never shown. Leave it empty to keep the one of now.",
        None => "It is never shown again.",
    };
    view! {
        <Field form=form name="name" label="Name" autocomplete="off" hint="The button says \u{201c}Sign in with\u{201d} and this." value=known.text(|known| &known.name)/>
        <Field form=form name="client_id" label="Client ID" autocomplete="off" hint="What the provider calls Latchkey." value=known.text(|known| &known.client_id)/>
        <OptionalLine form=form name="client_secret" label="Client secret" hint=secret kind="password" value=String::new()/>
    }
    .into_any()
}

fn people(form: FormState, known: &Known<'_>) -> AnyView {
    let (policy, domains) = known.sign_up();
    let linking =
        vec![("true", "People may link it to the account that they have"), ("false", "Nobody may link it")];
    view! {
        <Choice form=form name="sign_up" label="New accounts" hint="For people who have no account yet." options=POLICIES.to_vec() chosen=policy/>
        <Lines form=form name="domain" label="Domains" hint="Like example.org, one per line. Only for the policy that asks for them." lines=domains/>
        <Choice form=form name="linking" label="Linking" hint="" options=linking chosen=known.switch(|known| known.linking, true)/>
    }
    .into_any()
}

fn rules(form: FormState, known: &Known<'_>) -> AnyView {
    let admin = vec![
        ("false", "No rule may give the role admin"),
        ("true", "A rule may: whoever runs the provider can administer here"),
    ];
    view! {
        <Lines form=form name="rule" label="Rules" lines=known.0.map(|known| known.rules.clone()).unwrap_or_default()
            hint="One per line, like groups=staff:role=editor, groups=staff:group=Staff or amr=mfa:two_factors. They apply at each sign-in, and take back what they no longer give."/>
        <Choice form=form name="admin_by_rule" label="Administrators by rule" hint="" options=admin chosen=known.switch(|known| known.admin_by_rule, false)/>
    }
    .into_any()
}

fn protocol(form: FormState, known: &Known<'_>) -> AnyView {
    let (scopes, algorithms) = match known.0 {
        Some(_) => ("With spaces between.", "Those with which it may sign: RS256, PS256, ES256, EdDSA."),
        None => (
            "With spaces between. Leave it empty for the usual ones.",
            "Those with which it may sign: RS256, PS256, ES256, EdDSA. Leave it empty for those that it announces.",
        ),
    };
    let places = vec![
        ("false", "Where everybody can reach it"),
        ("true", "Inside this network too, or on this machine"),
    ];
    view! {
        <OptionalLine form=form name="scope" label="Scopes" hint=scopes value=known.text(|known| &known.scope)/>
        <OptionalLine form=form name="algorithm" label="Algorithms" hint=algorithms value=known.text(|known| &known.algorithms)/>
        <Choice form=form name="allow_private_address" label="Where it may be" hint="" options=places chosen=known.switch(|known| known.private_address, false)/>
    }
    .into_any()
}
