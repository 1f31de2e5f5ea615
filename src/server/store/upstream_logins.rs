//! Sign-ins under way at a provider. The browser carries the state, of which only a hash is stored.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{
    model::{
        id::{ProviderId, SessionId, UserId},
        local_path::LocalPath,
    },
    server::clock::Timestamp,
};

/// A sign-in as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamLogin {
    pub state_hash: Vec<u8>,
    pub provider: ProviderId,
    pub nonce: String,
    /// Of PKCE.
    pub sealed_verifier: String,
    /// The hash of the cookie of the browser that began.
    pub browser_hash: Vec<u8>,
    pub purpose: LoginPurpose,
    /// Where the browser goes then.
    pub next: LocalPath,
    /// Since when the provider must have asked the person for a proof.
    pub authenticated_after: Option<Timestamp>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What a sign-in at a provider is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginPurpose {
    SignIn,
    /// Accepting the invitation whose token has this hash.
    Invitation(Vec<u8>),
    /// Linking it to the account of whoever is signed in, in this session.
    Link {
        user: UserId,
        session: SessionId,
    },
    /// Proving once more who is signed in, in this session.
    StepUp {
        user: UserId,
        session: SessionId,
    },
}

impl LoginPurpose {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Invitation(_) => "invitation",
            Self::Link { .. } => "link",
            Self::StepUp { .. } => "step_up",
        }
    }

    fn invitation(&self) -> Option<&[u8]> {
        match self {
            Self::Invitation(hash) => Some(hash),
            _ => None,
        }
    }

    fn person(&self) -> Option<(&UserId, &SessionId)> {
        match self {
            Self::Link { user, session } | Self::StepUp { user, session } => Some((user, session)),
            _ => None,
        }
    }
}

#[derive(FromRow)]
struct LoginRow {
    state_hash: Vec<u8>,
    provider_id: String,
    nonce: String,
    sealed_verifier: String,
    browser_hash: Vec<u8>,
    purpose: String,
    user_id: Option<String>,
    session_id: Option<String>,
    invitation_hash: Option<Vec<u8>>,
    next: String,
    authenticated_after: Option<Timestamp>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

const TABLE: &str = "upstream_logins";

impl LoginRow {
    fn purpose(&self) -> Result<LoginPurpose, StoreError> {
        let person = || {
            let user = UserId::parse(self.user_id.as_deref().unwrap_or_default());
            let session = SessionId::parse(self.session_id.as_deref().unwrap_or_default());
            let user = user.map_err(corrupt(TABLE, &self.provider_id))?;
            Ok::<_, StoreError>((user, session.map_err(corrupt(TABLE, &self.provider_id))?))
        };
        match (self.purpose.as_str(), &self.invitation_hash) {
            ("sign_in", None) => Ok(LoginPurpose::SignIn),
            ("invitation", Some(hash)) => Ok(LoginPurpose::Invitation(hash.clone())),
            ("link", None) => person().map(|(user, session)| LoginPurpose::Link { user, session }),
            ("step_up", None) => person().map(|(user, session)| LoginPurpose::StepUp { user, session }),
            (other, _) => Err(corrupt(TABLE, &self.provider_id)(format!("has the purpose {other:?}"))),
        }
    }
}

impl TryFrom<LoginRow> for UpstreamLogin {
    type Error = StoreError;
    fn try_from(row: LoginRow) -> Result<Self, StoreError> {
        Ok(Self {
            purpose: row.purpose()?,
            provider: ProviderId::parse(&row.provider_id).map_err(corrupt(TABLE, &row.provider_id))?,
            next: LocalPath::parse(&row.next).map_err(corrupt(TABLE, &row.provider_id))?,
            state_hash: row.state_hash,
            nonce: row.nonce,
            sealed_verifier: row.sealed_verifier,
            browser_hash: row.browser_hash,
            authenticated_after: row.authenticated_after,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

statements! {
    INSERT = "INSERT INTO upstream_logins (state_hash, provider_id, nonce, sealed_verifier, browser_hash, purpose, user_id,
                  session_id, invitation_hash, next, authenticated_after, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    FIND = "SELECT * FROM upstream_logins WHERE state_hash = $1 AND provider_id = $2 AND browser_hash = $3";
    TAKE = "DELETE FROM upstream_logins
            WHERE state_hash = $1 AND provider_id = $2 AND browser_hash = $3 AND expires_at > $4 RETURNING *";
    DELETE_OF_USER = "DELETE FROM upstream_logins WHERE user_id = $1";
    DELETE_EXPIRED = "DELETE FROM upstream_logins WHERE state_hash IN
                      (SELECT state_hash FROM upstream_logins WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn insert(tx: &mut Tx, login: &UpstreamLogin) -> Result<(), StoreError> {
    let (user, session) = login.purpose.person().unzip();
    execute!(
        tx,
        INSERT,
        &login.state_hash,
        login.provider.as_str(),
        &login.nonce,
        &login.sealed_verifier,
        &login.browser_hash,
        login.purpose.as_str(),
        user.map(UserId::as_str),
        session.map(SessionId::as_str),
        login.purpose.invitation(),
        login.next.as_str(),
        login.authenticated_after,
        login.created_at,
        login.expires_at
    )?;
    Ok(())
}

/// What a sign-in under way is known by.
#[derive(Clone, Debug)]
pub struct LoginKey<'a> {
    pub state_hash: Vec<u8>,
    pub provider: &'a ProviderId,
    pub browser_hash: Vec<u8>,
}

/// A sign-in that this browser has begun at this provider, and perhaps long ago. Nothing: there is none, or no longer.
pub async fn find(db: &mut impl Queryable, key: &LoginKey<'_>) -> Result<Option<UpstreamLogin>, StoreError> {
    let LoginKey { state_hash, provider, browser_hash } = key;
    let row: Option<LoginRow> = fetch_optional!(db, FIND, state_hash, provider.as_str(), browser_hash)?;
    row.map(UpstreamLogin::try_from).transpose()
}

/// Uses it up. Nothing: it is gone, or has expired.
pub async fn take(
    tx: &mut Tx,
    key: &LoginKey<'_>,
    now: Timestamp,
) -> Result<Option<UpstreamLogin>, StoreError> {
    let LoginKey { state_hash, provider, browser_hash } = key;
    let row: Option<LoginRow> = fetch_optional!(tx, TAKE, state_hash, provider.as_str(), browser_hash, now)?;
    row.map(UpstreamLogin::try_from).transpose()
}

/// Gives up what somebody has begun to link, or to prove once more.
pub async fn delete_of_user(tx: &mut Tx, user: &UserId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OF_USER, user.as_str())?;
    Ok(())
}

/// Deletes `limit` expired ones at the most. Returns how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, now, limit)?)
}
