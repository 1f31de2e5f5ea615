//! `latchkey passwords …`.

use std::{fs::File, io::BufReader, path::PathBuf};

use clap::Subcommand;

use super::CliError;
use crate::server::{
    config::Config,
    passwords::breached::import::{ImportError, import},
};

#[derive(Debug, Subcommand)]
pub enum PasswordsCommand {
    /// Refuse the passwords of a published list, in the place of those that were imported before
    Import {
        /// Lines of `SHA1:count` in the order of the hashes, as Have I Been Pwned publishes them
        file: PathBuf,
        /// Leave out passwords that were seen fewer times
        #[arg(long, value_name = "N", default_value_t = 1)]
        min_count: u64,
    },
}

/// Works beside a running server, which goes by the new file at once.
pub fn run(command: PasswordsCommand, config: &Config) -> Result<(), CliError> {
    let PasswordsCommand::Import { file, min_count } = command;
    let unreadable = |error| CliError::Usage(format!("{}: {error}", file.display()));
    let list = BufReader::new(File::open(&file).map_err(unreadable)?);
    let target = &config.password_rules.breached;
    let imported = import(list, min_count, target).map_err(|error| match error {
        ImportError::Line { .. } => CliError::failed(format!("{}: {error}", file.display())),
        ImportError::Io(error) => CliError::failed(format!("{}: {error}", target.display())),
    })?;
    println!("passwords that nobody may choose now: {} of {}", imported.kept, imported.lines);
    Ok(())
}
