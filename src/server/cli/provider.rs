//! `latchkey provider …`.

use std::io::Read;

use clap::{Args, Subcommand};

use super::{CliError, serve::open_program, user::usage};
use crate::{
    model::upstream::{preset::Preset, slug::ProviderSlug},
    server::{
        client_info::{ActionContext, ClientInfo},
        config::Config,
        crypto::entropy::Entropy,
        error::Error,
        state::AppState,
        store::upstream_providers::Provider,
        upstream::{
            ProviderSettings,
            providers::{self, NewProvider},
            report,
        },
    },
};

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Set up a provider; asks it about itself, and prints it as JSON
    Add {
        /// The word that stands for it in addresses, like `google`
        #[arg(long)]
        slug: String,
        /// Whose quirks it has: openid, google, entra, auth0, okta, github, keycloak or latchkey
        #[arg(long, default_value = "openid")]
        preset: String,
        /// Who it is, exactly as it calls itself; Google and GitHub need none
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// List providers by name
    List,
    /// Print a provider as JSON
    Show { slug: String },
    /// Change what is given; a list takes the place of the one before
    Update {
        slug: String,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// Nobody comes in through it any more; sessions go on
    Disable { slug: String },
    /// People come in through it again
    Enable { slug: String },
    /// Remove a provider, and forget who people are there
    Remove { slug: String },
}

#[derive(Args, Debug)]
pub struct SettingArgs {
    /// As the sign-in page calls it
    #[arg(long)]
    name: Option<String>,
    /// Who Latchkey is there
    #[arg(long)]
    client_id: Option<String>,
    /// Read the client's secret from standard input
    #[arg(long)]
    client_secret_stdin: bool,
    /// What it is asked for, like `openid`, `profile`, `email`
    #[arg(long)]
    scope: Vec<String>,
    /// With which it may sign: RS256, PS256, ES256 or `EdDSA`; otherwise those that it says it uses
    #[arg(long, value_name = "ALG")]
    algorithm: Vec<String>,
    /// Who gets an account by signing in: closed, invited, open or domains
    #[arg(long, value_name = "POLICY")]
    sign_up: Option<String>,
    /// A domain whose people get an account, with `--sign-up domains`
    #[arg(long, requires = "sign_up")]
    domain: Vec<String>,
    /// Whether people may link it to the account that they have
    #[arg(long, value_name = "BOOL")]
    linking: Option<bool>,
    /// Like `groups=staff:role=editor` or `groups=staff:group=Staff`: who has this value in that claim gets this
    #[arg(long)]
    rule: Vec<String>,
    /// Take all rules away
    #[arg(long, conflicts_with = "rule")]
    no_rules: bool,
    /// Whether a rule may give the role `admin`
    #[arg(long, value_name = "BOOL")]
    admin_by_rule: Option<bool>,
    /// Whether it may be inside your network, or on this machine without TLS
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    allow_private_address: Option<bool>,
}

impl SettingArgs {
    fn settings(self) -> Result<ProviderSettings, CliError> {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let sign_up = self.sign_up.map(|policy| [vec![policy], self.domain].concat().join(" "));
        let rules = some(self.rule).map(|rules| rules.join("\n"));
        Ok(ProviderSettings {
            name: self.name,
            client_id: self.client_id,
            client_secret: if self.client_secret_stdin { Some(read_secret()?) } else { None },
            scopes: some(self.scope).map(|scopes| scopes.join(" ")),
            algorithms: some(self.algorithm).map(|names| names.join(" ")),
            sign_up,
            linking: self.linking,
            rules: rules.or(self.no_rules.then(String::new)),
            admin_by_rule: self.admin_by_rule,
            private_address: self.allow_private_address,
        })
    }
}

/// The first line of what is piped in.
fn read_secret() -> Result<String, CliError> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(CliError::failed)?;
    Ok(input.lines().next().unwrap_or_default().to_owned())
}

/// Works beside a running server, which reads providers as it needs them, and while none runs.
pub async fn run(command: ProviderCommand, config: Config) -> Result<(), CliError> {
    let state = open_program(config, Entropy::system()).await?;
    let outcome = change(command, &state).await;
    state.store.close().await;
    outcome
}

async fn change(command: ProviderCommand, state: &AppState) -> Result<(), CliError> {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: state.now(), client: &client };
    match command {
        ProviderCommand::Add { slug, preset, issuer, settings } => {
            let preset =
                Preset::parse(&preset).map_err(|error| CliError::Usage(format!("--preset: {error}")))?;
            let (new, settings) = (NewProvider { slug, preset, issuer }, settings.settings()?);
            print(state, &providers::add(state, context, None, &new, &settings).await.map_err(failed)?);
        }
        ProviderCommand::List => providers::list(state).await.map_err(failed)?.iter().for_each(line),
        ProviderCommand::Show { slug: name } => {
            print(state, &providers::get(state, &slug(&name)?).await.map_err(failed)?);
        }
        ProviderCommand::Update { slug: name, settings } => {
            let (name, settings) = (slug(&name)?, settings.settings()?);
            print(state, &providers::update(state, context, None, &name, &settings).await.map_err(failed)?);
        }
        ProviderCommand::Disable { slug: name } => {
            line(&providers::set_enabled(state, context, None, &slug(&name)?, false).await.map_err(failed)?);
        }
        ProviderCommand::Enable { slug: name } => {
            line(&providers::set_enabled(state, context, None, &slug(&name)?, true).await.map_err(failed)?);
        }
        ProviderCommand::Remove { slug: name } => {
            providers::remove(state, context, None, &slug(&name)?).await.map_err(failed)?;
            println!("{name} is removed.");
        }
    }
    Ok(())
}

const NONE: &str = "there is no such provider";

fn slug(text: &str) -> Result<ProviderSlug, CliError> {
    ProviderSlug::parse(text).map_err(|_| CliError::Failed(NONE.to_owned()))
}

fn failed(error: Error) -> CliError {
    match error {
        Error::NotFound => CliError::Failed(NONE.to_owned()),
        other => usage(other),
    }
}

fn line(provider: &Provider) {
    let Provider { slug, name, issuer, sign_up, .. } = provider;
    let state = if provider.is_enabled() { "enabled" } else { "disabled" };
    println!("{slug} {name} ({issuer}) {state}, sign-up {sign_up}");
}

fn print(state: &AppState, provider: &Provider) {
    println!("{:#}", serde_json::json!(report::report(provider, &state.config.tokens)));
}
