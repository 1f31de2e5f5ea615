//! `latchkey group …`.

use clap::Subcommand;

use super::{
    CliError,
    serve::open_program,
    user::{UserSelector, usage},
};
use crate::{
    model::group::GroupSummary,
    server::{
        client_info::{ActionContext, ClientInfo},
        config::Config,
        crypto::entropy::Entropy,
        error::Error,
        oauth::groups,
        state::AppState,
    },
};

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Make a group; prints its id
    Add { group: String },
    /// List groups with how many members each has
    List,
    /// Remove a group; not while a client is for it
    Remove { group: String },
    /// Put an account into a group
    AddMember {
        group: String,
        #[command(flatten)]
        user: UserSelector,
    },
    /// Take an account out of a group: the clients that it may no longer use end for it at once
    RemoveMember {
        group: String,
        #[command(flatten)]
        user: UserSelector,
    },
}

/// Works beside a running server, which hears of it within a second, and while none runs.
pub async fn run(command: GroupCommand, config: Config) -> Result<(), CliError> {
    let state = open_program(config, Entropy::system()).await?;
    let outcome = change(command, &state).await;
    state.store.close().await;
    outcome.map_err(|error| match error {
        Error::NotFound => CliError::Failed("there is no such group or account".to_owned()),
        other => usage(other),
    })
}

async fn change(command: GroupCommand, state: &AppState) -> Result<(), Error> {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: state.now(), client: &client };
    match command {
        GroupCommand::Add { group } => {
            line(&groups::add(state, context, None, &group).await?);
        }
        GroupCommand::List => list(state).await?,
        GroupCommand::Remove { group } => {
            let group = groups::find(state, &group).await?;
            groups::remove(state, context, None, &group).await?;
        }
        GroupCommand::AddMember { group, user } => {
            let (group, user) = (groups::find(state, &group).await?, user.find(state).await?);
            groups::add_member(state, context, None, &group, &user).await?;
        }
        GroupCommand::RemoveMember { group, user } => {
            let (group, user) = (groups::find(state, &group).await?, user.find(state).await?);
            groups::remove_member(state, context, None, &group, &user).await?;
        }
    }
    Ok(())
}

async fn list(state: &AppState) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = groups::list(state, cursor.as_deref(), None).await?;
        page.items.iter().for_each(line);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn line(GroupSummary { id, name, members, .. }: &GroupSummary) {
    println!("{id} {name} ({members})");
}
