//! `latchkey user …`.

use std::{io::Read, sync::Arc};

use clap::{Args, Subcommand};

use super::{CliError, serve::open_program};
use crate::{
    model::{email::EmailAddress, id::UserId, role::Roles, user::UserSummary},
    server::{
        accounts::{
            NewAccount, administer, directory, register, reset_factors, reset_password, roles, vouch,
        },
        client_info::{ActionContext, ClientInfo},
        clock::Clock,
        config::Config,
        crypto::entropy::Entropy,
        error::Error,
        passwords::hasher::{Hasher, Turn},
        state::AppState,
        store::{
            Store,
            users::{self, User},
        },
    },
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create an account
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
    /// List accounts by address
    List {
        /// Only accounts whose address or name begins with this
        query: Option<String>,
    },
    /// Disable an account and end its sessions at once
    Disable(UserSelector),
    /// Enable an account again
    Enable(UserSelector),
    /// Vouch that the address of an account is its owner's, which apps are told
    VerifyEmail(UserSelector),
    /// Take that back
    UnverifyEmail(UserSelector),
    /// Set the roles of an account: these and no others
    SetRoles {
        #[command(flatten)]
        user: UserSelector,
        /// member, editor or admin; several with spaces between them
        #[arg(long, visible_alias = "role", required = true, num_args = 1..)]
        roles: Vec<String>,
    },
    /// Revoke all sessions of an account
    RevokeSessions(UserSelector),
    /// Print a link to set a new password for an account; it works once, within 30 minutes
    ResetPassword(UserSelector),
    /// Remove the second factors of an account; prints a code that works once for its next sign-in
    ResetFactors(UserSelector),
}

/// An account, by its address or its id.
#[derive(Args, Debug)]
pub struct UserSelector {
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
    let state = open_program(config, entropy).await?;
    let outcome = change(command, &state).await.map_err(usage);
    state.store.close().await;
    outcome
}

/// The commands that say how a running server is to go on. It hears of them within a second.
async fn change(command: UserCommand, state: &Arc<AppState>) -> Result<(), Error> {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: state.now(), client: &client };
    match command {
        UserCommand::Add { .. } => {}
        UserCommand::List { query } => list(state, query.as_deref()).await?,
        UserCommand::Disable(user) => {
            let id = user.find(state).await?;
            show(&administer::disable(state, context, None, &id).await?.into());
        }
        UserCommand::Enable(user) => {
            let id = user.find(state).await?;
            show(&administer::enable(state, context, None, &id).await?.into());
        }
        UserCommand::VerifyEmail(user) => {
            let id = user.find(state).await?;
            show(&vouch::vouch(state, context, None, &id).await?.into());
        }
        UserCommand::UnverifyEmail(user) => {
            let id = user.find(state).await?;
            show(&vouch::withdraw(state, context, None, &id).await?.into());
        }
        UserCommand::SetRoles { user, roles } => {
            let roles = Roles::parse(&roles.join(" ")).map_err(|problem| Error::invalid("roles", problem))?;
            let id = user.find(state).await?;
            show(&roles::set_roles(state, context, None, &id, roles).await?.into());
        }
        UserCommand::ResetPassword(user) => {
            let id = user.find(state).await?;
            let made = reset_password::create_link(state, context, None, &id).await?;
            println!("{}{}", state.config.tokens.issuer, made.path);
            eprintln!("It works once, until {}.", made.expires_at.to_utc().to_minute());
        }
        UserCommand::ResetFactors(user) => {
            let id = user.find(state).await?;
            println!("{}", reset_factors::reset(state, context, None, &id).await?.code);
            eprintln!("It works once, as the second step of the next sign-in.");
        }
        UserCommand::RevokeSessions(user) => {
            let id = user.find(state).await?;
            println!("sessions ended: {}", administer::revoke_sessions(state, context, None, &id).await?);
        }
    }
    Ok(())
}

impl UserSelector {
    pub(super) async fn find(self, state: &AppState) -> Result<UserId, Error> {
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

async fn list(state: &AppState, query: Option<&str>) -> Result<(), Error> {
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

fn show(person: &UserSummary) {
    let UserSummary { id, email, display_name, roles, state, .. } = person;
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

    let client = ClientInfo::command_line();
    let hasher = Hasher::new(&config.passwords).map_err(usage)?;
    let hash = hasher.hash(Turn::other(&client), &new.password, entropy).await.map_err(usage)?;
    let store = Store::open(&config.database_url).await?;
    let mut tx = store.begin().await.map_err(CliError::failed)?;
    let context = ActionContext { now: Clock::system().now(), client: &client };
    let user = register::create(&mut tx, context, entropy, &new, hash, roles, "command line")
        .await
        .map_err(usage)?;
    tx.commit().await.map_err(CliError::failed)?;
    store.close().await;
    show(&user.into());
    Ok(())
}

/// Names the option at fault.
pub(super) fn usage(error: Error) -> CliError {
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
            "this is the last administrator who can sign in; make someone else an administrator first"
                .to_owned(),
        ),
        other => CliError::failed(other),
    }
}
