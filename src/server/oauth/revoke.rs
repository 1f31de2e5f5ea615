//! A client gives a token back (RFC 7009). The grant that it came from ends, with all its tokens.

use super::{error::OAuthError, refresh_tokens::grant_of};
use crate::{
    model::{
        id::{GrantId, SessionId},
        oauth::revocation::RevocationReason,
    },
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        sessions::client_sessions::end_grant,
        state::AppState,
        store::{clients::Client, invalidations::Invalidation, standings},
        tokens::refresh::client_token::ClientRefreshToken,
    },
};

/// Ends what the token stands for, if it is this client's. Of any other token nothing is said (§2.2).
pub async fn revoke(
    state: &AppState,
    context: ActionContext<'_>,
    client: &Client,
    token: &str,
) -> Result<(), OAuthError> {
    if let Ok(verified) = state.tokens.verify_client(token, context.now) {
        if verified.client == client.id {
            end(state, context, &verified.id.grant, Some(verified.expires_at)).await?;
        }
    } else if let Some(token) = ClientRefreshToken::parse(token)
        && let Some(grant) = grant_of(state, client, &token).await?
    {
        end(state, context, &grant.id, None).await?;
    }
    Ok(())
}

/// Ends a grant. An access token that no grant stands behind expires at `expires_at`, and is refused until then.
async fn end(
    state: &AppState,
    context: ActionContext<'_>,
    grant: &GrantId,
    expires_at: Option<Timestamp>,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    match standings::lock(change.tx(), grant).await? {
        Some(standing) => {
            end_grant(&mut change, &standing.grant, RevocationReason::RevokedByClient).await?;
        }
        None => {
            if let Some(expires_at) = expires_at {
                change.invalidate(Invalidation::SessionRevoked(SessionId::of_grant(grant)), expires_at);
            }
        }
    }
    Ok(change.commit().await?)
}
