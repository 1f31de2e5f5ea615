//! The addresses that clients have registered.

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_all, statements};
use crate::model::oauth::{client_id::ClientId, redirect_uri::RedirectUri};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriPurpose {
    /// The answer to an authorization request.
    Redirect,
    /// Where the browser goes after a client has asked to sign out.
    PostLogout,
}

impl UriPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::PostLogout => "post_logout",
        }
    }
}

statements! {
    OF_CLIENT = "SELECT uri FROM oauth_client_uris WHERE client_id = $1 AND purpose = $2 ORDER BY uri";
    INSERT = "INSERT INTO oauth_client_uris (client_id, purpose, uri) VALUES ($1, $2, $3)";
    DELETE = "DELETE FROM oauth_client_uris WHERE client_id = $1 AND purpose = $2";
}

pub async fn of_client(
    db: &mut impl Queryable,
    client: &ClientId,
    purpose: UriPurpose,
) -> Result<Vec<RedirectUri>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(db, OF_CLIENT, client.as_str(), purpose.as_str())?;
    let parse =
        |(uri,): (String,)| RedirectUri::parse(&uri).map_err(corrupt("oauth_client_uris", client.as_str()));
    rows.into_iter().map(parse).collect()
}

/// Registers these and no others.
pub async fn set(
    tx: &mut Tx,
    client: &ClientId,
    purpose: UriPurpose,
    uris: &[RedirectUri],
) -> Result<(), StoreError> {
    execute!(tx, DELETE, client.as_str(), purpose.as_str())?;
    for uri in uris {
        execute!(tx, INSERT, client.as_str(), purpose.as_str(), uri.as_str())?;
    }
    Ok(())
}
