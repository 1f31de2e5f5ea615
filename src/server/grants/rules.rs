//! What a grant stands on. It is asked when a code is issued, when it is redeemed and at each refresh, by this one rule
//! ([`allows`]): whoever lost what it stands on gets nothing more (CVE-2026-43983, CVE-2026-79652).

use std::time::Duration;

use crate::{
    model::{
        level::Level,
        oauth::{
            authorization_request::{AuthorizationRequest, TooLow},
            resource::Resources,
            scope::Scopes,
        },
        second_factor::SecondFactorPolicy,
    },
    server::{
        clock::Timestamp,
        config::SessionConfig,
        error::Error,
        store::{
            Tx,
            clients::Client,
            consents::{self, Consent},
            groups,
            standings::Standing,
            users::User,
        },
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

/// What was allowed of what a client wants of a person.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    /// Whether a group of the person may use the client, or everybody may.
    pub may_use: bool,
    pub consent: Option<&'a Consent>,
}

/// Whether this client may have this of this person.
pub fn allows(
    client: &Client,
    user: &User,
    scopes: &Scopes,
    resources: &Resources,
    allowed: Allowed<'_>,
) -> bool {
    client.is_enabled()
        && user.is_enabled()
        && scopes.is_subset(&client.scopes)
        && resources.is_subset(&client.resources)
        && allowed.may_use
        && (client.trusted || allowed.consent.is_some_and(|consent| consent.covers(scopes, resources)))
}

/// The same as it stands in the database. [`Error::Forbidden`] where not.
pub async fn check(
    tx: &mut Tx,
    client: &Client,
    user: &User,
    scopes: &Scopes,
    resources: &Resources,
) -> Result<(), Error> {
    let may_use = groups::may_use(tx, &client.id, &user.id).await?;
    let consent = consents::find(tx, &user.id, &client.id).await?;
    let allowed = Allowed { may_use, consent: consent.as_ref() };
    if allows(client, user, scopes, resources, allowed) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Whether somebody has proved who they are as recently as the client asks who has asked then.
pub fn is_recent(request: &AuthorizationRequest, asked_at: Timestamp, proved_at: Timestamp) -> bool {
    if request.prompt.login || request.max_age == Some(0) {
        return proved_at > asked_at;
    }
    request.max_age.is_none_or(|seconds| proved_at + Duration::from_secs(seconds.into()) >= asked_at)
}

/// The level that a client is told of somebody with this one, if it has asked ([`AuthorizationRequest::met_by`]); or that this
/// one is too low, for the client or for the policy.
pub fn met_by(
    request: &AuthorizationRequest,
    policy: SecondFactorPolicy,
    level: Level,
) -> Result<Option<Level>, TooLow> {
    if requires_second_factor(policy, level) { Err(TooLow) } else { request.met_by(level) }
}

/// Whether the policy lets nobody of this level use an app.
pub fn requires_second_factor(policy: SecondFactorPolicy, level: Level) -> bool {
    policy.for_session(level) == SecondFactorPolicy::Everyone
}

/// Whether neither a grant nor what it hangs on has ended.
pub fn is_live(standing: &Standing, now: Timestamp) -> bool {
    standing.grant.revoked.is_none()
        && !standing.client_session_is_revoked
        && standing.session_ends_at.is_none_or(|ends_at| now < ends_at)
}

/// Whether what a grant stands on is still allowed.
pub fn is_allowed(standing: &Standing, client: &Client) -> bool {
    let Standing { grant, user, may_use, consent, .. } = standing;
    let allowed = Allowed { may_use: *may_use, consent: consent.as_ref() };
    allows(client, user, &grant.scopes, &grant.resources, allowed)
}

/// Both.
pub fn holds(standing: &Standing, client: &Client, now: Timestamp) -> bool {
    is_live(standing, now) && is_allowed(standing, client)
}
