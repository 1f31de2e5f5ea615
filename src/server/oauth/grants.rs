//! What a grant stands on. It is asked when a code is issued, when it is redeemed and at each refresh, by this one function:
//! whoever lost what it stands on gets nothing more (CVE-2026-43983, CVE-2026-79652).

use std::time::Duration;

use crate::{
    model::oauth::{resource::Resources, scope::Scopes},
    server::{
        config::SessionConfig,
        error::Error,
        state::AppState,
        store::{
            Queryable,
            clients::Client,
            consents,
            grants::{self, GrantRecord},
            groups,
            users::User,
        },
        tokens::refresh::client_token::ClientRefreshToken,
    },
};

const DAY: Duration = Duration::from_secs(86_400);

/// How long a client's grants live. One that hangs on a session never lives longer than that.
#[derive(Clone, Copy, Debug)]
pub struct RefreshRules {
    pub idle_ttl: Duration,
    pub absolute_ttl: Duration,
    /// Whether its refresh tokens rotate. A client that proves who it is needs no rotation (FAPI 2.0 §5.3.2.1).
    rotates: bool,
}

impl RefreshRules {
    pub fn of(client: &Client) -> Self {
        let absolute_ttl = client.refresh_absolute_ttl.unwrap_or(180 * DAY);
        Self {
            idle_ttl: client.refresh_idle_ttl.unwrap_or(30 * DAY).min(absolute_ttl),
            absolute_ttl,
            rotates: client.kind.is_public(),
        }
    }

    /// As the rules of refresh tokens take them.
    pub fn config(self, sessions: &SessionConfig) -> SessionConfig {
        SessionConfig {
            idle_ttl: self.idle_ttl,
            absolute_ttl: self.absolute_ttl,
            rotate_after: if self.rotates { sessions.rotate_after } else { Duration::MAX },
            reuse_grace: sessions.reuse_grace,
        }
    }
}

/// Whether this client may have this of this person now. [`Error::Forbidden`] where not.
pub async fn check(
    db: &mut impl Queryable,
    client: &Client,
    user: &User,
    scopes: &Scopes,
    resources: &Resources,
) -> Result<(), Error> {
    let allowed = client.is_enabled()
        && user.is_enabled()
        && scopes.is_subset(&client.scopes)
        && resources.is_subset(&client.resources)
        && groups::may_use(db, &client.id, &user.id).await?
        && (client.trusted
            || consents::find(db, &user.id, &client.id)
                .await?
                .is_some_and(|consent| consent.covers(scopes, resources)));
    if allowed { Ok(()) } else { Err(Error::Forbidden) }
}

/// The grant whose refresh token this is, of any generation, if it is the client's.
pub async fn of_refresh_token(
    state: &AppState,
    client: &Client,
    token: &ClientRefreshToken,
) -> Result<Option<GrantRecord>, Error> {
    let mut reader = state.store.read().await?;
    let grant = grants::by_id(&mut reader, &token.grant).await?;
    let Some(grant) = grant.filter(|grant| grant.client == client.id) else { return Ok(None) };
    let authentic = state.refresh_keys.is_authentic_for_client(token, &grant.salt)?;
    Ok(authentic.then_some(grant))
}
