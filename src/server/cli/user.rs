//! `latchkey user …`.

use std::io::Read;

use clap::Subcommand;

use super::CliError;
use crate::{
    model::role::Roles,
    server::{
        accounts::{NewAccount, password::Hasher, register},
        clock::{Clock, Entropy},
        config::Config,
        error::Error,
        origin::{Context, Origin},
        store::Store,
    },
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account
    Add {
        #[arg(long)]
        email: String,
        /// member, editor or admin; several with spaces between them
        #[arg(long, default_value = "member")]
        role: String,
        /// What others see; by default the part of the address before the @
        #[arg(long)]
        display_name: Option<String>,
        /// Read the password from standard input: its first line
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

pub async fn run(command: UserCommand, config: &Config) -> Result<(), CliError> {
    let UserCommand::Add { email, role, display_name, password_stdin: _ } = command;
    let roles = Roles::parse(&role).map_err(|error| CliError::Usage(format!("--role: {error}")))?;
    let name = display_name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(CliError::failed)?;
    let password = input.lines().next().unwrap_or_default().to_owned();
    let new = NewAccount::parse(&email, &name, password).map_err(usage)?;

    let entropy = Entropy::system();
    let hash =
        Hasher::new(&config.passwords).map_err(usage)?.hash(&new.password, &entropy).await.map_err(usage)?;
    let store = Store::open(&config.database_url).await?;
    let mut tx = store.begin().await.map_err(CliError::failed)?;
    let origin = Origin::command_line();
    let context = Context { now: Clock::system().now(), origin: &origin };
    let user = register::create(&mut tx, context, &entropy, &new, hash, roles, "command line")
        .await
        .map_err(usage)?;
    tx.commit().await.map_err(CliError::failed)?;
    store.close().await;
    println!("{} {} ({})", user.id, user.email, user.roles);
    Ok(())
}

/// Names the option at fault.
fn usage(error: Error) -> CliError {
    match error {
        Error::Invalid(fields) => {
            let lines: Vec<_> = fields
                .iter()
                .map(|(field, problem)| format!("--{}: {problem}", field.replace('_', "-")))
                .collect();
            CliError::Usage(lines.join("\n"))
        }
        Error::EmailTaken => {
            CliError::Failed("--email: there is an account with this address already".to_owned())
        }
        other => CliError::failed(other),
    }
}
