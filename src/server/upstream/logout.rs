//! A provider says that somebody has signed out there (OpenID Connect Back-Channel Logout): what came out of that session
//! ends here too, and with it what apps have of it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::jwk::JwkSet;
use serde_json::json;

use super::refused::{Reason, Refused};
use crate::{
    model::{
        id::{SessionId, UserId},
        session::SignOutReason,
        upstream::slug::ProviderSlug,
    },
    server::{
        change::Change,
        client_info::ActionContext,
        clock::Timestamp,
        error::Error,
        key_sets::of_provider,
        sessions::revoke::revoke,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            sessions, spent,
            upstream_providers::{self, Provider},
            upstream_sessions, users,
        },
        tokens::upstream::{LOGOUT_TOKEN_MEMORY, LogoutToken, UpstreamTokenError, verify_logout_token},
    },
};

/// Takes a logout token. Keys that can't be read are no reason to refuse it: the provider is to send it again. Returns how
/// many sessions have ended.
pub async fn receive(
    state: &AppState,
    context: ActionContext<'_>,
    slug: &ProviderSlug,
    token: &str,
) -> Result<usize, Refused> {
    // One that is switched off too: its people's sessions go on until then.
    let mut reader = state.store.read().await?;
    let provider = upstream_providers::by_slug(&mut reader, slug).await?.ok_or(Refused::NoProvider)?;
    drop(reader);
    let logout = verify(state, context.now, &provider, token).await?;
    let mut change = Change::begin(state, context).await?;
    let hash = digest(&SHA256, format!("{} {}", provider.id, logout.id).as_bytes());
    let (id, until) = (BASE64.encode(hash), context.now + LOGOUT_TOKEN_MEMORY);
    if !spent::use_up(change.tx(), &id, until).await? {
        return Err(Refused::Gone);
    }
    let mut ended = 0;
    for (session, user) in find(&mut change, &provider, &logout).await? {
        ended += usize::from(end(&mut change, &provider, &session, &user).await?);
    }
    change.commit().await?;
    Ok(ended)
}

async fn verify(
    state: &AppState,
    now: Timestamp,
    provider: &Provider,
    token: &str,
) -> Result<LogoutToken, Refused> {
    let check = |keys: &JwkSet| verify_logout_token(token, provider, keys, now);
    let unavailable = |error| Refused::Unavailable(Reason::Keys(error));
    let place = of_provider(provider).map_err(unavailable)?;
    let keys = state.key_sets.get(place).await.map_err(unavailable)?;
    let verified = match check(&keys.signing) {
        // Perhaps the provider signs with it since a moment ago. Nobody is told that nobody has signed out before that is known.
        Err(UpstreamTokenError::UnknownKey) => {
            check(&state.key_sets.get_current(place).await.map_err(unavailable)?.signing)
        }
        verified => verified,
    };
    verified.map_err(|error| Refused::NotBelieved(error.into()))
}

/// The sessions of one session there; or of the person, where no session is named. Sorted by whose they are, so that two of
/// these never wait for each other.
async fn find(
    change: &mut Change<'_>,
    provider: &Provider,
    logout: &LogoutToken,
) -> Result<Vec<(SessionId, UserId)>, Error> {
    let LogoutToken { subject, sid, .. } = logout;
    let by_subject = match subject {
        Some(subject) => Some(upstream_sessions::by_subject(change.tx(), &provider.id, subject).await?),
        None => None,
    };
    let mut found = match (sid, by_subject) {
        (None, by_subject) => by_subject.unwrap_or_default(),
        (Some(sid), by_subject) => {
            let mut found = upstream_sessions::by_sid(change.tx(), &provider.id, sid).await?;
            // Both, if both are named.
            found.retain(|session| by_subject.as_ref().is_none_or(|others| others.contains(session)));
            found
        }
    };
    found.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(found)
}

/// Ends a session with what hangs on it. Whether it was live until now.
async fn end(
    change: &mut Change<'_>,
    provider: &Provider,
    session: &SessionId,
    user: &UserId,
) -> Result<bool, Error> {
    users::lock_by_id(change.tx(), user).await?;
    let Some(session) = sessions::lock_by_id(change.tx(), session).await? else { return Ok(false) };
    let detail = json!({ "provider": provider.slug.as_str() });
    let event = Event::new(EventKind::SessionEnded).about(user).with(detail);
    revoke(change, &session, SignOutReason::SignedOutUpstream, event).await
}
