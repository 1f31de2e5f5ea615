//! `latchkey sessions …`.

use clap::Subcommand;

use super::{CliError, serve::open_program};
use crate::server::{
    client_info::{ActionContext, ClientInfo},
    config::Config,
    crypto::entropy::Entropy,
    sessions::revoke::revoke_everything,
};

#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// End all sessions of everybody, and take back every link that works once
    Revoke {
        /// Everybody's. One person's are ended by `latchkey user revoke-sessions`
        #[arg(long, required = true)]
        all: bool,
    },
}

/// Works beside a running server, which hears of it within a second, and while none runs.
pub async fn run(command: SessionsCommand, config: Config) -> Result<(), CliError> {
    let SessionsCommand::Revoke { all: _ } = command;
    let entropy = Entropy::system();
    let state = open_program(config, entropy).await?;
    let client = ClientInfo::command_line();
    let context = ActionContext { now: state.now(), client: &client };
    let outcome = revoke_everything(&state, context).await.map_err(CliError::failed);
    state.store.close().await;
    println!("sessions ended: {}", outcome?);
    Ok(())
}
