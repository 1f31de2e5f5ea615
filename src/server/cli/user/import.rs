//! `latchkey user import`.

use std::{fs::File, io::BufReader, path::Path};

use crate::server::{
    accounts::import::{Importer, Tally, file::AccountFile},
    cli::{CliError, user::usage},
    client_info::{ActionContext, ClientInfo},
    clock::Clock,
    config::Config,
    crypto::entropy::Entropy,
    passwords::hasher::Hasher,
    store::Store,
};

/// Adds the accounts of a file. Works beside a running server, and before the first start.
pub async fn run(config: &Config, entropy: &Entropy, path: &Path) -> Result<(), CliError> {
    let unreadable = |error| CliError::Usage(format!("{}: {error}", path.display()));
    let file =
        File::open(path).and_then(|file| AccountFile::open(BufReader::new(file))).map_err(unreadable)?;
    let (clock, client) = (Clock::system(), ClientInfo::command_line());
    let hasher = Hasher::new(&config.passwords, clock.clone()).map_err(usage)?;
    let store = Store::open(&config.database_url).await?;
    let context = ActionContext { now: clock.now(), client: &client };
    let importer = Importer { store: &store, hasher: &hasher, entropy, context };
    let outcome = importer.import(file, |line, refused| eprintln!("line {line}: {refused}")).await;
    store.close().await;
    let Tally { added, present, refused } = outcome.map_err(CliError::failed)?;
    println!("imported: {added}\nthere already, left as they are: {present}\nrefused: {refused}");
    if refused == 0 {
        return Ok(());
    }
    Err(CliError::failed(
        "some lines were refused; mend them and import the file again, which skips the accounts that are there",
    ))
}
