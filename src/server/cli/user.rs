//! `latchkey user …`.

use std::{io::Read, sync::Arc};

use clap::{Args, Subcommand};

use super::{CliError, serve::open_vault};
use crate::{
    model::{email::EmailAddress, id::UserId, person::Person, role::Roles},
    server::{
        accounts::{NewAccount, administer, directory, password::Hasher, register, roles},
        clock::{Clock, Entropy},
        config::Config,
        error::Error,
        origin::{Context, Origin},
        state::State,
        store::{
            Store,
            users::{self, User},
        },
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
    /// Show accounts, by address
    List {
        /// Only those whose address or name begins so
        query: Option<String>,
    },
    /// Stop an account: its sessions end at once
    Disable(Whom),
    /// Let an account go on
    Enable(Whom),
    /// Give an account these roles and no others
    SetRoles {
        #[command(flatten)]
        whom: Whom,
        /// member, editor or admin; several with spaces between them
        #[arg(long, visible_alias = "role", required = true, num_args = 1..)]
        roles: Vec<String>,
    },
    /// End all sessions of an account
    RevokeSessions(Whom),
}

/// An account, by its address or its id.
#[derive(Args, Debug)]
pub struct Whom {
    /// Email address or id
    #[arg(required_unless_present = "email")]
    user: Option<String>,
    /// Email address
    #[arg(long, conflicts_with = "user")]
    email: Option<String>,
}

pub async fn run(command: UserCommand, config: Config) -> Result<(), CliError> {
    let entropy = Entropy::system();
    // An account needs no key, and can be made before the first start.
    if let UserCommand::Add { email, role, display_name, password_stdin: _ } = command {
        return add(&config, &entropy, &email, &role, display_name).await;
    }
    let vault = open_vault(&config.secret, &entropy)?;
    let store = Store::open(&config.database_url).await?;
    let state = State::start(config, store.clone(), vault, Clock::system(), entropy)
        .await
        .map_err(CliError::failed)?;
    let outcome = change(command, &state).await.map_err(usage);
    store.close().await;
    outcome
}

/// The commands that say how a running server is to go on. It hears of them within a second.
async fn change(command: UserCommand, state: &Arc<State>) -> Result<(), Error> {
    let origin = Origin::command_line();
    let context = Context { now: state.now(), origin: &origin };
    match command {
        UserCommand::Add { .. } => {}
        UserCommand::List { query } => list(state, query.as_deref()).await?,
        UserCommand::Disable(whom) => {
            let id = whom.find(state).await?;
            show(&administer::disable(state, context, None, &id).await?.into());
        }
        UserCommand::Enable(whom) => {
            let id = whom.find(state).await?;
            show(&administer::enable(state, context, None, &id).await?.into());
        }
        UserCommand::SetRoles { whom, roles } => {
            let roles = Roles::parse(&roles.join(" ")).map_err(|problem| Error::invalid("roles", problem))?;
            let id = whom.find(state).await?;
            show(&roles::set_roles(state, context, None, &id, roles).await?.into());
        }
        UserCommand::RevokeSessions(whom) => {
            let id = whom.find(state).await?;
            println!("sessions ended: {}", administer::revoke_sessions(state, context, None, &id).await?);
        }
    }
    Ok(())
}

impl Whom {
    async fn find(self, state: &State) -> Result<UserId, Error> {
        let given = self.user.or(self.email).unwrap_or_default();
        let mut reader = state.store.read().await?;
        let found: Option<User> = match UserId::parse(&given) {
            Ok(id) => users::by_id(&mut reader, &id).await?,
            Err(_) => {
                let email =
                    EmailAddress::parse(&given).map_err(|problem| Error::invalid("email", problem))?;
                users::by_email(&mut reader, &email).await?
            }
        };
        found.map(|user| user.id).ok_or(Error::NotFound)
    }
}

async fn list(state: &State, query: Option<&str>) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = directory::search(state, query, cursor.as_deref(), None).await?;
        page.items.iter().for_each(show);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn show(person: &Person) {
    let Person { id, email, display_name, roles, state, .. } = person;
    println!("{id} {email} ({display_name}) {} [{roles}]", state.as_str());
}

async fn add(
    config: &Config,
    entropy: &Entropy,
    email: &str,
    role: &str,
    display_name: Option<String>,
) -> Result<(), CliError> {
    let roles = Roles::parse(role).map_err(|error| CliError::Usage(format!("--role: {error}")))?;
    let name = display_name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(CliError::failed)?;
    let password = input.lines().next().unwrap_or_default().to_owned();
    let new = NewAccount::parse(email, &name, password).map_err(usage)?;

    let hash =
        Hasher::new(&config.passwords).map_err(usage)?.hash(&new.password, entropy).await.map_err(usage)?;
    let store = Store::open(&config.database_url).await?;
    let mut tx = store.begin().await.map_err(CliError::failed)?;
    let origin = Origin::command_line();
    let context = Context { now: Clock::system().now(), origin: &origin };
    let user = register::create(&mut tx, context, entropy, &new, hash, roles, "command line")
        .await
        .map_err(usage)?;
    tx.commit().await.map_err(CliError::failed)?;
    store.close().await;
    show(&user.into());
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
        Error::NotFound => CliError::Failed("there is no such account".to_owned()),
        Error::LastAdmin => CliError::Failed(
            "this is the last administrator who can sign in; make another one first".to_owned(),
        ),
        other => CliError::failed(other),
    }
}
