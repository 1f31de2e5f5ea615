//! `latchkey mail …`.

use clap::Subcommand;

use super::{CliError, serve::open_transport};
use crate::{
    model::email::EmailAddress,
    server::{
        clock::Clock,
        config::Config,
        crypto::entropy::Entropy,
        mail::{self, Letter, Portal},
    },
};

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send a mail, and say what the relay answered
    Test {
        /// Address that gets it
        #[arg(long)]
        to: String,
    },
}

/// Needs no database: the mail goes to the relay at once.
pub async fn run(command: MailCommand, config: &Config) -> Result<(), CliError> {
    let MailCommand::Test { to } = command;
    let to = EmailAddress::parse(&to).map_err(|error| CliError::Usage(format!("--to: {error}")))?;
    let transport = open_transport(config)?
        .ok_or_else(|| CliError::Usage("LATCHKEY_MAIL_URL: is not set, so no mail is sent".to_owned()))?;
    let now = Clock::system().now();
    let id = Entropy::system().uuid(now).map_err(CliError::failed)?;
    let mail = mail::test(Portal::of(config));
    let letter = Letter { to, subject: mail.subject, text: mail.text };
    transport.send(&id, now, &letter).await.map_err(CliError::failed)?;
    println!("The relay took the mail to {}.", letter.to);
    Ok(())
}
